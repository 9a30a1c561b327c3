//! Recovery: the process is killed everywhere, and what a run did is done once all the same.

mod follow;
mod kill;
mod places;
mod random;
mod requests;
mod restarts;
mod scene;
mod server;
mod shim;
mod upgrade;
mod waits;
