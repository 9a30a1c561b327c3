//! Where the secrets of a scheme are kept.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// How many secrets one scheme may have: the current one, and those it is rotated from or to.
pub const SECRETS_MAX: usize = 4;

const NAME_BYTES_MAX: usize = 1_011;

/// The names of the parameters that hold the secrets, one to four: written as one name, or as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretNames(Vec<String>);

impl SecretNames {
    /// Returns the names in the order in which they are written.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    fn read<E: Error>(names: Vec<String>) -> Result<Self, E> {
        if names.is_empty() || names.len() > SECRETS_MAX {
            let count = names.len();
            return Err(E::custom(format!("write one to {SECRETS_MAX} secrets, not {count}")));
        }
        for (index, name) in names.iter().enumerate() {
            if !is_parameter_name(name) {
                // The text is not repeated: somebody may have written the secret itself.
                return Err(E::custom(format!(
                    "secret {} is not the name of a parameter: write for example /hooks/github, never the secret itself",
                    index + 1
                )));
            }
            if names[..index].contains(name) {
                return Err(E::custom(format!("the secret `{name}` is listed twice")));
            }
        }
        Ok(Self(names))
    }
}

fn is_parameter_name(name: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_name_byte)
}

impl<'de> Deserialize<'de> for SecretNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrNames)
    }
}

struct NameOrNames;

impl<'de> Visitor<'de> for NameOrNames {
    type Value = SecretNames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a parameter, or a list of names")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<SecretNames, E> {
        SecretNames::read(vec![name.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SecretNames, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = items.next_element()? {
            if names.len() > SECRETS_MAX {
                break;
            }
            names.push(name);
        }
        SecretNames::read(names)
    }
}
