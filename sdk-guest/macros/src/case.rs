//! The spellings that serde's `rename_all` knows.

use proc_macro2::Span;

/// How names are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    AsWritten,
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    pub(crate) fn parse(text: &str, span: Span) -> syn::Result<Self> {
        Ok(match text {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return Err(syn::Error::new(span, "serde knows no such spelling")),
        })
    }

    /// Returns the spelling of a field, which Rust writes in snake case.
    pub(crate) fn of_field(self, name: &str) -> String {
        match self {
            Self::AsWritten | Self::Snake | Self::Lower => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_uppercase(),
            Self::Pascal => capitalized(name),
            Self::Camel => uncapitalized(&capitalized(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_uppercase().replace('_', "-"),
        }
    }

    /// Returns the spelling of a variant, which Rust writes in Pascal case.
    pub(crate) fn of_variant(self, name: &str) -> String {
        match self {
            Self::AsWritten | Self::Pascal => name.to_owned(),
            Self::Lower => name.to_lowercase(),
            Self::Upper => name.to_uppercase(),
            Self::Camel => uncapitalized(name),
            Self::Snake => separated(name, '_'),
            Self::ScreamingSnake => separated(name, '_').to_uppercase(),
            Self::Kebab => separated(name, '-'),
            Self::ScreamingKebab => separated(name, '-').to_uppercase(),
        }
    }
}

fn capitalized(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}

fn uncapitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn separated(name: &str, separator: char) -> String {
    let mut text = String::new();
    for (position, letter) in name.char_indices() {
        if position > 0 && letter.is_uppercase() {
            text.push(separator);
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Case;

    #[test]
    fn spellings_are_those_of_serde() {
        let cases = [
            ("lowercase", "time_out_ms", "inprogress"),
            ("UPPERCASE", "TIME_OUT_MS", "INPROGRESS"),
            ("PascalCase", "TimeOutMs", "InProgress"),
            ("camelCase", "timeOutMs", "inProgress"),
            ("snake_case", "time_out_ms", "in_progress"),
            ("SCREAMING_SNAKE_CASE", "TIME_OUT_MS", "IN_PROGRESS"),
            ("kebab-case", "time-out-ms", "in-progress"),
            ("SCREAMING-KEBAB-CASE", "TIME-OUT-MS", "IN-PROGRESS"),
        ];
        for (name, field, variant) in cases {
            let case = Case::parse(name, proc_macro2::Span::call_site()).unwrap();
            assert_eq!(case.of_field("time_out_ms"), field, "{name}");
            assert_eq!(case.of_variant("InProgress"), variant, "{name}");
        }
    }
}
