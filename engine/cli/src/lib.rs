//! The command line: the composition root, and thin faces of what the engine does.

pub mod arguments;
pub mod catalogue;
mod command;
mod control;
pub mod engine;
pub mod exit;
mod interrupt;
mod log;
mod moment;
mod nodes;
pub mod operation;
mod operator;
mod progress;
mod render;
mod replay;
mod session;
mod source;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command, Output};
use catalogue::InstalledPlugin;
use engine::Openings;
use exit::{Exit, Refusal};
use operation::Operation;
use render::Printer;
use session::{Owned, Session, data_directory};

/// Steps and commits are made of many small values that live shortly, which cost the system's allocator a sixth of the processor.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The word by which the engine starts itself as a job's shim.
const SHIM: &str = "shim";

/// Parses the command line, carries it out, and says how it went.
pub fn main() -> ExitCode {
    // The shim does its work before anything else is set up: it is started for every job.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == SHIM) {
        return agent::shim_main(words);
    }
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::CompileComponent) {
        let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
        let exit = sandbox::compile_main(input, output, std::io::stderr().lock());
        return ExitCode::from(exit as u8);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            render::note(format!("error: cannot start the runtime: {error}"));
            return Exit::Bug.into();
        }
    };
    let output = arguments.global.output;
    let traces = {
        let _within = runtime.enter();
        log::start(&arguments)
    };
    let traces = match traces {
        Ok(traces) => traces,
        Err(refusal) => return explain(&refusal.into(), output).into(),
    };
    let exit = runtime.block_on(async {
        let owned = Owned::default();
        let result = carry_out(arguments, &owned).await;
        owned.close().await;
        result.unwrap_or_else(|error| explain(&error, output))
    });
    // The last of them are sent while the runtime still runs.
    drop(traces);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit.into()
}

/// Says what went wrong: on standard error, and as the one document on standard output where programs read it.
fn explain(error: &anyhow::Error, output: Output) -> Exit {
    let refusal = error.downcast_ref::<Refusal>();
    let (exit, message, help) = match refusal {
        Some(refusal) => (refusal.exit, refusal.message.clone(), refusal.help.clone()),
        None => (Exit::Bug, format!("error: {error:#}"), None),
    };
    render::note(render::safe(&message));
    if let Some(help) = &help {
        render::note(format!("  help: {}", render::safe(help)));
    }
    if output == Output::Json {
        let value = serde_json::json!({
            "error": { "exit": exit as u8, "message": message, "help": help },
        });
        if let Err(error) = Printer::new(output).result(&value, String::new) {
            render::note(format!("error: {error:#}"));
        }
    }
    exit
}

async fn carry_out(arguments: Arguments, owned: &Owned) -> Result<Exit> {
    let Arguments { global, command } = arguments;
    let printer = Printer::new(global.output);
    let directory = data_directory(global.data_dir.as_deref());
    let open = async |openings: Openings| -> Result<Session> {
        let directory = data_directory(global.data_dir.as_deref())?;
        Session::open(&directory, openings, owned).await
    };
    let driving = async || open(Openings::Driving).await;
    let resting = async || open(Openings::Resting).await;
    match command {
        Command::Run(run) if run.dry_run => {
            plan(&run.file, &run.parameters, &directory?, owned, printer).await
        }
        Command::Run(run) => command::run::run(&run, driving().await?, &driving, printer).await,
        Command::Validate(validate) => {
            command::validate::run(&validate, &offline(&directory, owned).await?, printer)
        }
        Command::Graph(graph) => {
            command::graph::run(&graph, &offline(&directory, owned).await?, printer)
        }
        Command::Plan(arguments) => {
            plan(&arguments.file, &arguments.parameters, &directory?, owned, printer).await
        }
        Command::Explain { code } => explain_code(&code, printer),
        Command::Actions(actions) => {
            command::actions::run(&actions, &offline(&directory, owned).await?, printer)
        }
        Command::Runs(arguments::Runs::Replay { run }) if Path::new(&run).is_file() => {
            command::runs::replay_file(Path::new(&run), printer).await
        }
        Command::Runs(runs) => {
            let drives =
                matches!(runs, arguments::Runs::Resume { .. } | arguments::Runs::Cancel { .. });
            let session = if drives { driving().await? } else { resting().await? };
            command::runs::run(runs, session, &driving, printer).await
        }
        Command::Param(param) => command::param::run(param, &resting().await?, printer).await,
        Command::Plugin(plugin) => command::plugin::run(plugin, &resting, printer).await,
        Command::Server(server) => command::server::run(&server, &directory?, owned, printer).await,
        Command::Auth(auth) => command::auth::run(auth, &resting, &directory?, printer).await,
        Command::Policy(policy) => command::policy::run(policy, &resting, printer).await,
        Command::Key(key) => command::key::run(key, &resting().await?, printer).await,
        Command::Documents(documents) => {
            command::documents::run(documents, &resting, printer).await
        }
        Command::Events(events) => command::events::run(events, &resting().await?, printer).await,
        Command::Rules(rules) => command::rules::run(rules, &resting, printer).await,
        Command::Audit(audit) => command::audit::run(audit, &resting().await?, printer).await,
        Command::Backup { file } => {
            let file = std::path::absolute(file)?;
            let result = resting().await?.call(&Operation::Backup { file }).await?;
            printer.result(&result, || engine::backup_text(&result))?;
            Ok(Exit::Done)
        }
        Command::Restore { file } => engine::restore(&file, &directory?, printer),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "runwright", &mut script);
            render::line(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
        Command::CompileComponent => Ok(Exit::Bug),
    }
}

fn explain_code(code: &str, printer: Printer) -> Result<Exit> {
    let code = code.to_ascii_uppercase();
    let page = runbook::codes::explain(&code).or_else(|| rules::codes::explain(&code));
    let Some(page) = page else {
        return Err(Refusal::bad_input(format!("there is no diagnostic {code}")).into());
    };
    printer.result(&serde_json::json!({ "code": code, "page": page }), || page.to_owned())?;
    Ok(Exit::Done)
}

/// Returns the catalogue for commands that need no store: where there is one, its plugins are in it.
async fn offline(
    directory: &Result<std::path::PathBuf>,
    owned: &Owned,
) -> Result<runbook::action::Catalogue> {
    let plugins = match directory {
        Ok(directory) if directory.join(engine::DATABASE_FILE).exists() => {
            match plugins(directory, owned).await {
                Ok(plugins) => plugins,
                Err(error) => {
                    let directory = directory.display();
                    render::note(format!(
                        "only the built-in actions are known: the plugins in {directory} cannot be read: {error:#}"
                    ));
                    Vec::new()
                }
            }
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    Ok(catalogue::catalogue(&catalogue::built_in()?, &plugins))
}

async fn plugins(directory: &Path, owned: &Owned) -> Result<Vec<InstalledPlugin>> {
    let session = Session::open(directory, Openings::Resting, owned).await?;
    Ok(serde_json::from_value(session.call(&Operation::ListPlugins).await?)?)
}

async fn plan(
    file: &str,
    parameters: &[String],
    directory: &Path,
    owned: &Owned,
    printer: Printer,
) -> Result<Exit> {
    let plugins = plugins(directory, owned).await?;
    let session = Session::open(directory, Openings::Resting, owned).await?;
    let nodes: Vec<command::plan::Node> =
        serde_json::from_value(session.call(&Operation::ListNodes).await?)?;
    let catalogue = catalogue::catalogue(&catalogue::built_in()?, &plugins);
    command::plan::run(file, parameters, &catalogue, &nodes, printer)
}
