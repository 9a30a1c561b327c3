//! What a server does by itself, beside answering.

use std::sync::Arc;
use std::time::Duration;

use services::Services;
use services::actor::now_ms;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often expired tokens and old events are forgotten.
const BETWEEN_SWEEPS: Duration = Duration::from_mins(10);
/// How late a parameter's policy may be carried out.
const POLICY_DELAY_MAX: Duration = Duration::from_secs(1);
/// How long nothing is tried after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Keeps the installation up until `ending` becomes true.
pub(crate) async fn keep_up(services: Services, mut ending: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    let services = Arc::new(services);
    let (records, policies, rules) = (services.clone(), services.clone(), services.clone());
    tasks.spawn(async move { records.keep_records().await });
    tasks.spawn(async move { policies.watch_policies().await });
    tasks.spawn(async move { rules.watch_rules().await });
    tasks.spawn(carry_out_policies(services.clone()));
    tasks.spawn(forget(services.clone()));
    drop(ending.wait_for(|ending| *ending).await);
    tasks.shutdown().await;
}

/// Carries out what policies of parameters say, when it is due.
async fn carry_out_policies(services: Arc<Services>) {
    loop {
        let pause = match carry_out_due(&services).await {
            // One that is put meanwhile may be due earlier.
            Ok(pause) => pause.min(POLICY_DELAY_MAX),
            Err(error) => {
                tracing::error!(%error, "a parameter's policy was not carried out");
                AFTER_FAILURE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn carry_out_due(services: &Services) -> Result<Duration, services::ServiceError> {
    let now_ms = now_ms();
    services.carry_out_parameter_policies(now_ms).await?;
    let next = services.next_parameter_policy_due().await?;
    Ok(next.map_or(POLICY_DELAY_MAX, |due_ms| {
        Duration::from_millis(due_ms.saturating_sub(now_ms)).max(Duration::from_millis(10))
    }))
}

async fn forget(services: Arc<Services>) {
    loop {
        tokio::time::sleep(BETWEEN_SWEEPS).await;
        if let Err(error) = services.forget_expired_tokens().await {
            tracing::warn!(%error, "expired tokens stay for now");
        }
        if let Err(error) = services.forget_old_events().await {
            tracing::warn!(%error, "old events stay for now");
        }
        if let Err(error) = services.forget_old_matches().await {
            tracing::warn!(%error, "old matches of rules stay for now");
        }
    }
}
