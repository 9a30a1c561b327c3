//! The macros of `runwright-sdk`: what an action takes and returns, with a JSON Schema known at compile time.
//!
//! Use them through the SDK, which re-exports them; the code they make refers to it.

mod attribute;
mod case;
mod default;
mod record;
mod schema;

use proc_macro::TokenStream;

/// Makes a struct the inputs of an action: `Debug`, `Clone`, `Deserialize` and `Schema`, with names in `PascalCase`
/// as SSM spells them and unknown names refused. `#[inputs(rename_all = "camelCase")]` spells them otherwise.
///
/// A field of type `Option` may be left out. So may one with `#[input(default = 10)]`; literals and lists of them
/// are possible, and the schema states them, because grants are derived from inputs before a step runs.
/// Documentation comments become descriptions.
#[proc_macro_attribute]
pub fn inputs(arguments: TokenStream, item: TokenStream) -> TokenStream {
    record::expand(record::Role::Inputs, arguments.into(), item.into()).into()
}

/// Makes a struct the outputs of an action: `Debug`, `Clone`, `Serialize` and `Schema`, with names in `PascalCase`.
/// A field of type `Option` is left out when it is `None`.
#[proc_macro_attribute]
pub fn outputs(arguments: TokenStream, item: TokenStream) -> TokenStream {
    record::expand(record::Role::Outputs, arguments.into(), item.into()).into()
}

/// Makes a struct or an enum of plain names a value inside inputs, outputs or state: `Debug`, `Clone`, `PartialEq`,
/// `Serialize`, `Deserialize` and `Schema`, with names in `PascalCase` and unknown names refused.
#[proc_macro_attribute]
pub fn value(arguments: TokenStream, item: TokenStream) -> TokenStream {
    record::expand(record::Role::Value, arguments.into(), item.into()).into()
}

/// Derives `Schema` from a type's fields, its documentation comments and its serde attributes.
///
/// Structs with named fields, structs with one unnamed field and enums of plain names are possible, and of serde's
/// attributes `rename`, `rename_all`, `default`, `deny_unknown_fields`, `skip_serializing_if`, `transparent` and
/// `crate`. Any other would change the shape unseen, and is refused.
#[proc_macro_derive(Schema, attributes(schema))]
pub fn schema(item: TokenStream) -> TokenStream {
    schema::derive(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
