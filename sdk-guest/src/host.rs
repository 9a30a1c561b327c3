//! What an action can ask of its host, one module for each interface.
//!
//! `log`, `clock`, `random` and `context` are always there. Each other interface is there when the component's manifest
//! names it, and each call goes as far as the step is granted: beyond, it fails with the code `Denied`.

pub mod api;
pub mod automation;
pub mod clock;
pub mod commands;
pub mod context;
pub mod http;
pub mod inventory;
pub mod log;
pub mod ops;
pub mod parameters;
pub mod patching;
pub mod random;
pub mod state;
pub mod tags;

use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// Reads a JSON answer of the host.
fn answer<T: DeserializeOwned>(json: &str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| {
        Failure::new("BadAnswer", format!("the host's answer is not readable: {error}"))
    })
}

/// Declares an identifier that only the host makes.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl crate::schema::Schema for $name {
            const NODE: crate::schema::Node = crate::schema::Node::Text;
        }
    };
}

use identifier;
