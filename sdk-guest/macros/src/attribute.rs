//! Reads documentation comments and serde's attributes.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

use crate::case::Case;

/// What serde's attributes say of a type.
#[derive(Debug, Default)]
pub(crate) struct Container {
    pub(crate) case: Option<Case>,
    pub(crate) denies_unknown: bool,
}

/// What attributes say of a field or a variant.
#[derive(Debug, Default)]
pub(crate) struct Member {
    pub(crate) rename: Option<String>,
    /// May be left out when read, or is left out when written.
    pub(crate) optional: bool,
    /// A JSON text.
    pub(crate) default: Option<String>,
}

/// Returns the documentation comment as one line.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Some(text) = text_of(&pair.value)
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.join(" ")
}

pub(crate) fn container(attributes: &[Attribute]) -> syn::Result<Container> {
    let mut container = Container::default();
    for meta in metas(attributes, "serde")? {
        match name_of(&meta).as_str() {
            "rename_all" => {
                let text = text_value(&meta)?;
                container.case = Some(Case::parse(&text.value(), text.span())?);
            }
            "deny_unknown_fields" => container.denies_unknown = true,
            "transparent" | "crate" | "default" => {}
            _ => return Err(unsupported(&meta)),
        }
    }
    Ok(container)
}

pub(crate) fn member(attributes: &[Attribute]) -> syn::Result<Member> {
    let mut member = Member::default();
    for meta in metas(attributes, "serde")? {
        match name_of(&meta).as_str() {
            "rename" => member.rename = Some(text_value(&meta)?.value()),
            "default" | "skip_serializing_if" => member.optional = true,
            _ => return Err(unsupported(&meta)),
        }
    }
    for meta in metas(attributes, "schema")? {
        match name_of(&meta).as_str() {
            "default" => member.default = Some(text_value(&meta)?.value()),
            _ => return Err(syn::Error::new(meta.span(), "expected `default = \"JSON\"`")),
        }
    }
    Ok(member)
}

fn metas(attributes: &[Attribute], name: &str) -> syn::Result<Vec<Meta>> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        all.extend(attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?);
    }
    Ok(all)
}

fn name_of(meta: &Meta) -> String {
    meta.path().get_ident().map(ToString::to_string).unwrap_or_default()
}

fn text_value(meta: &Meta) -> syn::Result<LitStr> {
    text_of(&meta.require_name_value()?.value)
        .cloned()
        .ok_or_else(|| syn::Error::new(meta.span(), "expected a text in quotation marks"))
}

fn text_of(value: &Expr) -> Option<&LitStr> {
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value { Some(text) } else { None }
}

fn unsupported(meta: &Meta) -> syn::Error {
    syn::Error::new(meta.span(), "a schema cannot be derived with this serde attribute")
}
