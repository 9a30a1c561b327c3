//! CEL, the language between `${{` and `}}`.
//!
//! An expression reads `parameters.NAME`, `variables.NAME`, `steps.NAME.outputs…`, `steps.NAME.status`, `run`, `event` and `item`.
//! Beside the standard functions and macros it has `join`, `split`, `toJson`, `fromJson`, `default`, `first`, `lower`, `upper`
//! and `trim`.
//!
//! What an evaluation may use is bounded: [`SOURCE_BYTES_MAX`] of text, [`DEPTH_MAX`], [`COMPREHENSION_DEPTH_MAX`], [`STEPS_MAX`] elements
//! visited, [`MADE_BYTES_MAX`] of values made on the way and [`RESULT_BYTES_MAX`] of result. The bounds on the way are charged
//! by calls that [`guard`] writes into the parsed expression, because the `cel` crate has no hook of its own.

mod budget;
mod convert;
mod depth;
mod functions;
mod guard;
mod reads;
mod roots;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, OnceLock};

use ::cel::parser::Expression as Ast;
use ::cel::{Context, Env};
use serde_json::Value;

use crate::template::{Expression, ResolveError, Scope};
use roots::Roots;

pub use budget::{MADE_BYTES_MAX, STEPS_MAX};
pub use depth::DEPTH_MAX;

/// The longest expression, in bytes.
pub const SOURCE_BYTES_MAX: usize = 4 << 10;
/// How deep comprehensions (`map`, `filter`, `all`, `exists`) may stand in one another's bodies.
pub const COMPREHENSION_DEPTH_MAX: usize = 2;
/// The largest result, counted as its text and 16 bytes for each value.
pub const RESULT_BYTES_MAX: usize = 1 << 20;

/// Why a text is not an expression, and where: a byte offset into it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    pub message: String,
    pub offset: usize,
}

impl ExpressionError {
    fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), offset }
    }
}

/// What an expression is compiled to, made once and shared by its clones. It takes no part in equality or serialisation.
#[derive(Clone, Default)]
pub(crate) struct Compiled(Arc<OnceLock<Result<Program, ExpressionError>>>);

/// A guarded syntax tree and the paths it reads.
struct Program {
    ast: Ast,
    roots: Roots,
}

impl PartialEq for Compiled {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.get().is_some() { "Compiled" } else { "Compiled(not yet)" })
    }
}

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(functions::environment()));

impl Expression {
    /// Reads and checks an expression, without the `${{` and `}}` around it.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let program = compile(source)?;
        let reads = program.roots.reads();
        let compiled = Compiled(Arc::new(OnceLock::from(Ok(program))));
        Ok(Self { source: source.to_owned(), reads, compiled })
    }

    /// Evaluates it; the result is a JSON value, in which whole numbers stay whole.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, ResolveError> {
        let failed =
            |message: String| ResolveError::Expression { expression: self.source.clone(), message };
        let compiled = self.compiled.0.get_or_init(|| compile(&self.source));
        let program = compiled.as_ref().map_err(|error| failed(error.message.clone()))?;
        let values = program.roots.gather(scope);
        // The crate marks states it holds to be impossible with panics; one must cost this step and not the run.
        catch_unwind(AssertUnwindSafe(|| execute(program, &values)))
            .unwrap_or_else(|_| Err("the evaluator broke off: this is a bug".to_owned()))
            .map_err(failed)
    }

    /// Evaluates it as a condition: anything but a boolean is an error.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, ResolveError> {
        let value = self.evaluate(scope)?;
        value.as_bool().ok_or_else(|| ResolveError::Expression {
            expression: self.source.clone(),
            message: format!("a condition is true or false, not {}", crate::value::kind(&value)),
        })
    }
}

fn compile(source: &str) -> Result<Program, ExpressionError> {
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!("an expression has at most {SOURCE_BYTES_MAX} bytes");
        return Err(ExpressionError::new(0, message));
    }
    if source.trim().is_empty() {
        return Err(ExpressionError::new(0, "an expression is missing"));
    }
    if let Some(offset) = depth::too_deep_at(source) {
        let message = format!("the expression is more than {DEPTH_MAX} operators or brackets deep");
        return Err(ExpressionError::new(offset, message));
    }
    let parsed = catch_unwind(|| ENVIRONMENT.compile(source))
        .map_err(|_| ExpressionError::new(0, "the expression cannot be parsed"))?
        .map_err(|errors| first_error(source, &errors))?;
    let roots = Roots::of(&parsed)?;
    let ast = guard::guarded(parsed.expression().clone());
    Ok(Program { ast, roots })
}

/// Makes one error of the parser's list, with the offset its line and column stand for.
fn first_error(source: &str, errors: &::cel::ParseErrors) -> ExpressionError {
    let Some(first) = errors.errors.first() else {
        return ExpressionError::new(0, "the expression cannot be parsed");
    };
    let (line, column) = first.pos;
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(1).max(1);
    let before: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let within: usize =
        source[before.min(source.len())..].chars().take(column - 1).map(char::len_utf8).sum();
    let message = parser_message(&first.msg);
    ExpressionError::new((before + within).min(source.len()), message)
}

/// The parser lists every token it would have taken; what it found says enough.
fn parser_message(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.trim_start_matches("Syntax error: ");
    if line.contains("'<EOF>'") {
        return "the expression ends too early".to_owned();
    }
    let end = line.find(" expecting ").unwrap_or(line.len());
    line[..end].to_owned()
}

fn execute(program: &Program, values: &roots::Gathered<'_>) -> Result<Value, String> {
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    values.bind(&mut context);
    budget::reset();
    // Not `resolve_val`: that is always inlined, so it would be compiled here, without the optimisation of dependencies.
    let result = ::cel::Value::resolve(&program.ast, &context).map_err(|error| describe(&error))?;
    convert::to_json(&result)
}

/// The crate's words, with its debug forms of values cut short.
fn describe(error: &::cel::ExecutionError) -> String {
    const CHARACTERS_MAX: usize = 300;
    if let ::cel::ExecutionError::NoSuchKey(name) = error {
        return format!("there is no `{name}`");
    }
    if let ::cel::ExecutionError::FunctionError { function, message } = error {
        return if function.starts_with('@') {
            message.clone()
        } else {
            format!("{function}: {message}")
        };
    }
    let text = error.to_string();
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
