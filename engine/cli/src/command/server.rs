//! `runwright server`

mod address;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;
use server::{Limits, ServeError, Settings, TlsFiles};
use services::credentials::NewAccessKey;
use tokio::sync::watch;

use crate::arguments::Server;
use crate::command::auth::{credentials_file, keep};
use crate::engine::Openings;
use crate::engine::perform::refused;
use crate::exit::{Exit, Refusal};
use crate::interrupt::Interrupts;
use crate::render::Printer;
use crate::session::Owned;
pub(crate) use address::Address;

/// Serves until it is told to end.
pub(crate) async fn run(
    arguments: &Server,
    directory: &Path,
    owned: &Owned,
    printer: Printer,
) -> Result<Exit> {
    let mut interrupts = Interrupts::listen()?;
    let rules = arguments.rules.as_deref().map(std::path::absolute).transpose()?;
    let engine = owned.own(directory, Openings::Serving { rules }).await?;
    let services = engine.services().clone();
    let region = services.place().region.clone();
    let (end, ending) = watch::channel(false);
    let serving = server::serve(settings(arguments), services.clone(), ending).await;
    let server = serving.map_err(cannot_serve)?;
    // A start that is refused must not swallow the key that is shown once.
    let administrator = services.ensure_administrator().await.map_err(refused)?;
    let credentials = match &administrator {
        Some(key) => Some(keep(directory, &key.id, key.secret.expose())?),
        None => credentials_file(directory),
    };
    let address =
        Address { url: url(server.address, arguments), region, process: std::process::id() };
    address.note(directory)?;
    announce(&address, administrator.as_ref(), credentials.as_deref(), printer)?;
    let mut done = server.done;
    tokio::select! {
        _ = interrupts.next() => {
            end.send_replace(true);
            done.await?;
        }
        // A server that ends by itself has failed.
        ended = &mut done => {
            ended?;
            bail!("the server ended without having been told to");
        }
    }
    Address::forget(directory)?;
    Ok(Exit::Done)
}

fn cannot_serve(error: ServeError) -> Refusal {
    let is_unencrypted = matches!(error, ServeError::Unencrypted { .. });
    let refusal = Refusal::caused(error);
    if !is_unencrypted {
        return refusal;
    }
    refusal.with_help(
        "--tls-cert and --tls-key make the server speak TLS; --behind-tls-proxy says that a proxy before it does",
    )
}

fn settings(arguments: &Server) -> Settings {
    let certificate = arguments.tls_cert.clone().zip(arguments.tls_key.clone());
    Settings {
        listen: arguments.listen,
        unix_socket: arguments.unix_socket.clone(),
        tls: certificate.map(|(certificates, key)| TlsFiles {
            certificates,
            key,
            client_authorities: arguments.tls_client_ca.clone(),
        }),
        is_behind_tls_proxy: arguments.behind_tls_proxy,
        host_names: arguments.host_names.clone(),
        limits: Limits {
            requests_per_second: arguments.rate_limit,
            concurrency: arguments.concurrency_limit.get() as usize,
        },
    }
}

/// Returns the address for clients on this machine, or under the first name that was given.
fn url(address: SocketAddr, arguments: &Server) -> String {
    let scheme = if arguments.tls_cert.is_some() { "https" } else { "http" };
    match arguments.host_names.first() {
        Some(name) if arguments.tls_cert.is_some() => {
            format!("{scheme}://{name}:{}", address.port())
        }
        _ => format!("{scheme}://{address}"),
    }
}

fn announce(
    address: &Address,
    administrator: Option<&NewAccessKey>,
    credentials: Option<&Path>,
    printer: Printer,
) -> Result<()> {
    let value = json!({
        "url": address.url,
        "process": address.process,
        "accessKeyId": administrator.map(|key| key.id.as_str()),
        "secretAccessKey": administrator.map(|key| key.secret.expose()),
        "credentialsFile": credentials,
    });
    printer.result(&value, || {
        let mut text = format!("listening on {}", address.url);
        if let (Some(key), Some(path)) = (administrator, credentials) {
            text.push_str(&format!(
                "\nthe administrator's access key, shown this once and kept in {}:\n  {}\n  {}\n\
                 for a shell: eval \"$(runwright auth env)\"",
                path.display(),
                key.id,
                key.secret.expose()
            ));
        }
        text
    })?;
    Ok(())
}
