//! The actions that call an operation by its name: `aws:executeAwsApi`, `aws:assertAwsResourceProperty` and
//! `aws:waitForAwsResourceProperty`. The operations are those of this installation; there are no other services.

mod assert;
mod execute;
mod looked_at;
mod request;
mod wait;

pub use assert::AssertAwsResourceProperty;
pub use execute::ExecuteAwsApi;
pub use wait::WaitForAwsResourceProperty;

runwright_sdk::export!(
    package = "aws:api",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["api"],
    actions = [ExecuteAwsApi, AssertAwsResourceProperty, WaitForAwsResourceProperty],
);
