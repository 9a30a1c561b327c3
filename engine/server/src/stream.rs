//! Events as server-sent events: the data is the event, the id the cursor by which a client that was cut off goes on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use host_api::identifier::RunId;
use services::events::Occurrence;
use services::{Actor, ServiceError};
use ssm_model::Service;
use tokio::sync::OwnedSemaphorePermit;

use crate::authentication::{Asked, actor};
use crate::peer::source_address;
use crate::server::Context;
use crate::wire::{Fault, request_id};

const LAST_EVENT_ID: &str = "last-event-id";
/// Events that are read at once.
const PAGE: usize = 100;
/// How often a quiet stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Streams what happens anywhere.
pub(crate) async fn all(State(context): State<Arc<Context>>, request: Request) -> Response {
    follow(context, request, None).await
}

/// Streams what happens in a run, until it has ended.
pub(crate) async fn of_run(
    State(context): State<Arc<Context>>,
    Path(run): Path<String>,
    request: Request,
) -> Response {
    follow(context, request, Some(RunId::new(run))).await
}

async fn follow(context: Arc<Context>, request: Request, run: Option<RunId>) -> Response {
    let id = request_id();
    let (parts, _) = request.into_parts();
    match begin(&context, &parts, run.as_ref(), &id).await {
        Ok(Begun { actor, turn, cursor }) => {
            let read = Vec::new();
            let following =
                Following { context, actor, run, cursor, read, is_over: false, _turn: turn };
            let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
            Sse::new(following.stream()).keep_alive(keep_alive).into_response()
        }
        Err(fault) => Fault { status: status(&fault), ..fault }.respond(&id, Service::Ssm),
    }
}

/// Returns the status by which a browser knows what is wrong; SSM has one for all.
fn status(fault: &Fault) -> StatusCode {
    match fault.code.as_str() {
        "AccessDeniedException" => StatusCode::FORBIDDEN,
        "AutomationExecutionNotFoundException" => StatusCode::NOT_FOUND,
        "ThrottlingException" => StatusCode::TOO_MANY_REQUESTS,
        _ => fault.status,
    }
}

/// What a stream begins with.
struct Begun {
    actor: Actor,
    turn: OwnedSemaphorePermit,
    /// `None` is the beginning of a run.
    cursor: Option<String>,
}

/// Finds out who asks and whether they may, and where the stream begins.
async fn begin(
    context: &Context,
    request: &Parts,
    run: Option<&RunId>,
    id: &str,
) -> Result<Begun, Fault> {
    let asked = Asked {
        method: &request.method,
        uri: &request.uri,
        headers: &request.headers,
        body: &[],
        id,
        source_address: source_address(
            &request.extensions,
            &request.headers,
            context.is_behind_proxy,
        ),
        service: "ssm",
    };
    let actor = actor(context, asked).await.map_err(|fault| match fault.status {
        StatusCode::BAD_REQUEST => Fault { status: StatusCode::UNAUTHORIZED, ..fault },
        _ => fault,
    })?;
    let turn = context.limits.enter(&actor.principal)?;
    let cursor = cursor(context, &actor, &request.headers, run).await?;
    Ok(Begun { actor, turn, cursor })
}

async fn cursor(
    context: &Context,
    actor: &Actor,
    headers: &HeaderMap,
    run: Option<&RunId>,
) -> Result<Option<String>, ServiceError> {
    let services = &context.services;
    services.may_follow(actor, run).await?;
    match (headers.get(LAST_EVENT_ID), run) {
        (Some(last), _) => {
            let last = last.to_str().unwrap_or_default().to_owned();
            // One that did not come from here is refused before the stream begins.
            services.events(Some(&last), 0, run).await?;
            Ok(Some(last))
        }
        (None, Some(_)) => {
            services.events_from_now(run).await?;
            Ok(None)
        }
        (None, None) => services.events_from_now(None).await.map(Some),
    }
}

/// A stream on its way.
struct Following {
    context: Arc<Context>,
    actor: Actor,
    run: Option<RunId>,
    cursor: Option<String>,
    /// Read and not sent yet, the next one last.
    read: Vec<Occurrence>,
    is_over: bool,
    /// A stream is a request under way until it ends.
    _turn: OwnedSemaphorePermit,
}

impl Following {
    fn stream(self) -> impl Stream<Item = Result<Sent, Infallible>> {
        stream::unfold(self, async |mut following| {
            let sent = following.next().await?;
            Some((Ok(sent), following))
        })
    }

    /// Returns the next event; nothing when the run has ended, or the server ends.
    async fn next(&mut self) -> Option<Sent> {
        let mut commits = self.context.services.store().commits();
        let mut ending = self.context.ending.clone();
        loop {
            if let Some(occurrence) = self.read.pop() {
                return sent(&occurrence);
            }
            if self.is_over {
                return None;
            }
            // Whatever is committed after this is told by the next change of it.
            commits.mark_unchanged();
            let has_ended = self.has_ended().await?;
            let has_moved = self.read().await?;
            if !self.read.is_empty()
                && let Err(error) =
                    self.context.services.may_follow(&self.actor, self.run.as_ref()).await
            {
                tracing::info!(principal = %self.actor.principal, %error, "a stream of events ends");
                return None;
            }
            if has_moved {
                continue;
            }
            if has_ended {
                self.is_over = true;
                continue;
            }
            tokio::select! {
                changed = commits.changed() => changed.ok()?,
                _ = ending.wait_for(|ending| *ending) => return None,
            }
        }
    }

    /// Reads a page, and returns whether more may follow at once.
    async fn read(&mut self) -> Option<bool> {
        let services = &self.context.services;
        match services.events(self.cursor.as_deref(), PAGE, self.run.as_ref()).await {
            Ok((mut occurrences, cursor)) => {
                let moved = self.cursor.as_ref() != Some(&cursor);
                self.cursor = Some(cursor);
                occurrences.reverse();
                self.read = occurrences;
                Some(moved)
            }
            Err(error) => {
                tracing::warn!(%error, "a stream of events ends");
                None
            }
        }
    }

    async fn has_ended(&self) -> Option<bool> {
        let Some(run) = &self.run else { return Some(false) };
        match self.context.services.has_ended(run).await {
            Ok(has_ended) => Some(has_ended),
            Err(error) => {
                tracing::warn!(%error, "a stream of events ends");
                None
            }
        }
    }
}

fn sent(occurrence: &Occurrence) -> Option<Sent> {
    let sent = Sent::default().id(&occurrence.cursor).event(&occurrence.event.detail_type);
    match sent.json_data(&occurrence.event) {
        Ok(sent) => Some(sent),
        Err(error) => {
            tracing::error!(%error, "an event cannot be encoded");
            None
        }
    }
}
