//! `#[input(default = …)]`: one literal becomes what serde fills in and what the schema states.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, ExprLit, Lit, Type, UnOp};

/// Returns the Rust expression of a literal, or of a list of them, for a field of type `value`.
pub(crate) fn expression(literal: &Expr, value: &Type) -> syn::Result<TokenStream> {
    if let Expr::Array(list) = literal {
        let elements: Vec<_> = list.elems.iter().map(element).collect::<syn::Result<_>>()?;
        return Ok(quote!(::std::vec![#(#elements),*]));
    }
    if let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = literal
        && !is_primitive(value)
    {
        let digits: u64 = number.base10_parse()?;
        return Ok(quote!(::core::convert::From::<u64>::from(#digits)));
    }
    if matches!(literal, Expr::Unary(_)) {
        return Ok(quote!(#literal));
    }
    element(literal)
}

fn element(literal: &Expr) -> syn::Result<TokenStream> {
    if matches!(literal, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })) {
        Ok(quote!(::core::convert::Into::into(#literal)))
    } else if matches!(literal, Expr::Lit(_)) {
        Ok(quote!(#literal))
    } else {
        Err(not_a_literal(literal))
    }
}

/// Returns the JSON text of a literal, or of a list of them.
pub(crate) fn json(literal: &Expr) -> syn::Result<String> {
    if let Expr::Array(list) = literal {
        let elements: Vec<_> = list.elems.iter().map(json).collect::<syn::Result<_>>()?;
        return Ok(format!("[{}]", elements.join(",")));
    }
    if let Expr::Unary(unary) = literal
        && matches!(unary.op, UnOp::Neg(_))
    {
        return Ok(format!("-{}", json(&unary.expr)?));
    }
    let Expr::Lit(ExprLit { lit, .. }) = literal else { return Err(not_a_literal(literal)) };
    if let Lit::Str(text) = lit {
        Ok(quoted(&text.value()))
    } else if let Lit::Int(number) = lit {
        Ok(number.base10_digits().to_owned())
    } else if let Lit::Float(number) = lit {
        Ok(number.base10_digits().to_owned())
    } else if let Lit::Bool(truth) = lit {
        Ok(truth.value.to_string())
    } else {
        Err(not_a_literal(literal))
    }
}

fn is_primitive(value: &Type) -> bool {
    const PRIMITIVES: [&str; 10] =
        ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"];
    matches!(value, Type::Path(path) if PRIMITIVES.iter().any(|name| path.path.is_ident(name)))
}

fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            letter if letter < ' ' => json.extend(format!("\\u{:04x}", u32::from(letter)).chars()),
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}

fn not_a_literal(expression: &Expr) -> syn::Error {
    syn::Error::new_spanned(expression, "a default is a literal or a list of literals")
}
