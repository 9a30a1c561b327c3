//! `#[inputs]`, `#[outputs]` and `#[value]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Expr, Field, Fields, MetaNameValue, Token, Type};

use crate::default;

/// What the type is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Inputs,
    Outputs,
    Value,
}

pub(crate) fn expand(role: Role, arguments: TokenStream, item: TokenStream) -> TokenStream {
    record(role, arguments, item).unwrap_or_else(syn::Error::into_compile_error)
}

fn record(role: Role, arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: DeriveInput = syn::parse2(item)?;
    let spelling = spelling(arguments)?;
    let defaults = default_functions(role, &mut item)?;
    let derives = match role {
        Role::Inputs => quote!(::runwright_sdk::serde::Deserialize),
        Role::Outputs => quote!(::runwright_sdk::serde::Serialize),
        Role::Value => quote! {
            ::core::cmp::PartialEq,
            ::runwright_sdk::serde::Serialize,
            ::runwright_sdk::serde::Deserialize
        },
    };
    let strict = match (&item.data, role) {
        (Data::Struct(_), Role::Inputs | Role::Value) => quote!(, deny_unknown_fields),
        _ => quote!(),
    };
    let (name, functions) = (&item.ident, defaults);
    let implementation =
        if functions.is_empty() { quote!() } else { quote!(impl #name { #(#functions)* }) };
    Ok(quote! {
        #[derive(::core::fmt::Debug, ::core::clone::Clone, #derives, ::runwright_sdk::Schema)]
        #[serde(crate = "::runwright_sdk::serde", rename_all = #spelling #strict)]
        #item
        #implementation
    })
}

fn spelling(arguments: TokenStream) -> syn::Result<Expr> {
    let arguments = Punctuated::<MetaNameValue, Token![,]>::parse_terminated.parse2(arguments)?;
    let mut spelling: Expr = syn::parse_quote!("PascalCase");
    for argument in arguments {
        if !argument.path.is_ident("rename_all") {
            return Err(syn::Error::new_spanned(argument.path, "expected `rename_all`"));
        }
        spelling = argument.value;
    }
    Ok(spelling)
}

/// Turns `#[input(default = …)]` into serde's and the schema's attributes; returns the functions that serde calls.
fn default_functions(role: Role, item: &mut DeriveInput) -> syn::Result<Vec<TokenStream>> {
    let name = item.ident.clone();
    let Data::Struct(data) = &mut item.data else { return Ok(Vec::new()) };
    let Fields::Named(fields) = &mut data.fields else { return Ok(Vec::new()) };
    let mut functions = Vec::new();
    for field in &mut fields.named {
        if let Some(literal) = take_default(field)? {
            functions.push(state_default(&name, field, &literal)?);
        } else if role != Role::Inputs && is_option(&field.ty) {
            let skip = "::core::option::Option::is_none";
            field.attrs.push(syn::parse_quote!(#[serde(skip_serializing_if = #skip)]));
        }
    }
    Ok(functions)
}

fn take_default(field: &mut Field) -> syn::Result<Option<Expr>> {
    let mut default = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("input")) {
        let pair: MetaNameValue = attribute.parse_args()?;
        if !pair.path.is_ident("default") {
            return Err(syn::Error::new_spanned(pair.path, "expected `default = …`"));
        }
        default = Some(pair.value);
    }
    field.attrs.retain(|attribute| !attribute.path().is_ident("input"));
    Ok(default)
}

fn state_default(name: &Ident, field: &mut Field, literal: &Expr) -> syn::Result<TokenStream> {
    let Some(written) = &field.ident else {
        return Err(syn::Error::new_spanned(field, "a default needs a named field"));
    };
    let function = format_ident!("default_{}", written);
    let path = format!("{name}::{function}");
    let json = default::json(literal)?;
    let value = &field.ty;
    let expression = default::expression(literal, value)?;
    let implementation = quote!(fn #function() -> #value { #expression });
    field.attrs.push(syn::parse_quote!(#[serde(default = #path)]));
    field.attrs.push(syn::parse_quote!(#[schema(default = #json)]));
    Ok(implementation)
}

fn is_option(value: &Type) -> bool {
    matches!(value, Type::Path(path)
        if path.path.segments.last().is_some_and(|segment| segment.ident == "Option"))
}
