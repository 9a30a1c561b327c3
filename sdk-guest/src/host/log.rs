//! Lines of the step's log. What exceeds the step's budget is counted and dropped.

use crate::bindings::runwright::host::log;

pub fn debug(message: &str) {
    log::write(log::Level::Debug, message);
}

pub fn info(message: &str) {
    log::write(log::Level::Info, message);
}

pub fn warn(message: &str) {
    log::write(log::Level::Warn, message);
}

pub fn error(message: &str) {
    log::write(log::Level::Error, message);
}
