//! What `wit-bindgen` makes of `host-api/wit`. Natively the imports exist and panic when called.
#![allow(
    missing_docs,
    missing_debug_implementations,
    unsafe_code,
    unreachable_pub,
    clippy::pedantic,
    clippy::same_length_and_capacity,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::undocumented_unsafe_blocks,
    clippy::wildcard_enum_match_arm,
    reason = "generated; which of these it trips over depends on the target"
)]

wit_bindgen::generate!({
    path: "../host-api/wit",
    world: "action",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "runwright_sdk::bindings",
    runtime_path: "runwright_sdk::bindings::runtime",
});

pub use wit_bindgen::rt;
/// The part of `wit-bindgen` that generated code calls.
pub mod runtime {
    pub use wit_bindgen::rt::*;
}
