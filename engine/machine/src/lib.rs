//! One run as a pure fold: plan x events -> state -> effects.
//!
//! There is no input or output here, no clock and no randomness: time and identifiers arrive in [`input::Input`] and stand
//! in the events. State equals the fold of the journal.
//!
//! The driver gives each input to [`State::receive`], commits the entries it gets back, and then performs the effects. A run that
//! is loaded is folded with [`State::apply`] and continued with [`State::recover`].

pub mod effect;
pub mod event;
pub mod input;
pub mod status;

pub mod rate;
pub mod view;

mod apply;
mod approver;
mod decide;
mod error;
mod index;
mod key;
mod outputs;
mod result;
mod scope;
mod signal;
mod state;

pub use decide::Transition;
pub use error::{IllegalEvent, ReceiveError, SignalRefused};
pub use outputs::outputs_of;
pub use state::State;
