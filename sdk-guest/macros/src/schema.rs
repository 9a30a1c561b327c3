//! `#[derive(Schema)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DeriveInput, Fields, FieldsNamed};

use crate::attribute::{self, Container};
use crate::case::Case;

pub(crate) fn derive(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &item.generics,
            "a schema is of a type without parameters",
        ));
    }
    let container = attribute::container(&item.attrs)?;
    let node = match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => object(&container, fields)?,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let inner = &fields.unnamed[0].ty;
                quote!(<#inner as ::runwright_sdk::schema::Schema>::NODE)
            }
            Fields::Unnamed(_) | Fields::Unit => {
                return Err(syn::Error::new_spanned(&item.ident, "a struct needs named fields"));
            }
        },
        Data::Enum(data) => choice(&container, data)?,
        Data::Union(_) => {
            return Err(syn::Error::new_spanned(&item.ident, "a union has no schema"));
        }
    };
    let name = &item.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::runwright_sdk::schema::Schema for #name {
            const NODE: ::runwright_sdk::schema::Node = #node;
        }
    })
}

fn object(container: &Container, fields: &FieldsNamed) -> syn::Result<TokenStream> {
    let case = container.case.unwrap_or(Case::AsWritten);
    let mut members = Vec::new();
    for field in &fields.named {
        let member = attribute::member(&field.attrs)?;
        let written = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = member.rename.unwrap_or_else(|| case.of_field(written.trim_start_matches("r#")));
        let description = attribute::documentation(&field.attrs);
        let (value, optional) = (&field.ty, member.optional);
        let default = if let Some(json) = member.default {
            quote!(::core::option::Option::Some(#json))
        } else {
            quote!(::core::option::Option::None)
        };
        members.push(quote! {
            ::runwright_sdk::schema::Field {
                name: #name,
                description: #description,
                required: !#optional && <#value as ::runwright_sdk::schema::Schema>::REQUIRED,
                default: #default,
                node: &<#value as ::runwright_sdk::schema::Schema>::NODE,
            }
        });
    }
    Ok(quote!(::runwright_sdk::schema::Node::Object(&[#(#members),*])))
}

fn choice(container: &Container, data: &DataEnum) -> syn::Result<TokenStream> {
    let case = container.case.unwrap_or(Case::AsWritten);
    let mut names = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "only plain names have a schema"));
        }
        let rename = attribute::member(&variant.attrs)?.rename;
        names.push(rename.unwrap_or_else(|| case.of_variant(&variant.ident.to_string())));
    }
    Ok(quote!(::runwright_sdk::schema::Node::Choice(&[#(#names),*])))
}
