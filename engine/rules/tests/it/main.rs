//! The rules through their public face.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "the rows of a test are files")]

mod elements;
mod files;
mod hostile;
mod index;
mod paths;
mod patterns;
mod properties;
mod templates;
mod window;
