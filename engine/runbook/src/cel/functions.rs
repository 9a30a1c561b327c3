//! The functions of the language: the standard ones and ours.
#![expect(clippy::needless_pass_by_value, reason = "the signature of the crate's functions")]

use ::cel::common::ast::operators;
use ::cel::common::types::{
    self, CelBool, CelList, CelMap, CelNull, CelOptional, CelString, DYN_TYPE, LIST_TYPE,
    STRING_TYPE,
};
use ::cel::common::value::{CowVal, Val};
use ::cel::{Env, ExecutionError};

use super::{budget, convert, guard};

type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// The functions an author can call; macros are expanded before they are looked up, and operators have names of their own.
const KNOWN: [&str; 50] = [
    "all",
    "bool",
    "bytes",
    "contains",
    "default",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    "existsOne",
    "filter",
    "first",
    "fromJson",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "hasValue",
    "int",
    "join",
    "lower",
    "map",
    "matches",
    "none",
    "of",
    "ofNonZeroValue",
    "optFlatMap",
    "optMap",
    "or",
    "orValue",
    "size",
    "split",
    "startsWith",
    "string",
    "timestamp",
    "toJson",
    "trim",
    "type",
    "uint",
    "upper",
    "value",
];

/// Says whether `name` is a function or operator of the language.
pub(super) fn is_known(name: &str) -> bool {
    name.starts_with(['_', '!', '-', '@']) || name == operators::IN || KNOWN.contains(&name)
}

/// One function: its name, whether it is called on its first argument, the types of its arguments, what it does.
type Declared = (&'static str, bool, &'static [types::Type], ::cel::common::functions::Function);

const STRINGS: &[types::Type] = &[STRING_TYPE, STRING_TYPE];
const LIST_AND_STRING: &[types::Type] = &[LIST_TYPE, STRING_TYPE];

const OURS: [Declared; 22] = [
    (guard::CHARGE, false, &[DYN_TYPE], charge),
    (guard::ADD, false, &[DYN_TYPE, DYN_TYPE], add),
    (guard::RANGE, false, &[DYN_TYPE], range),
    (guard::PATTERN, false, &[DYN_TYPE], pattern),
    (guard::PRESENT, false, &[DYN_TYPE], present),
    ("join", false, LIST_AND_STRING, join),
    ("join", true, LIST_AND_STRING, join),
    ("join", false, &[LIST_TYPE], join),
    ("join", true, &[LIST_TYPE], join),
    ("split", false, STRINGS, split),
    ("split", true, STRINGS, split),
    ("toJson", false, &[DYN_TYPE], to_json),
    ("fromJson", false, &[STRING_TYPE], from_json),
    ("fromJson", true, &[STRING_TYPE], from_json),
    ("first", false, &[LIST_TYPE], first),
    ("first", true, &[LIST_TYPE], first),
    ("lower", false, &[STRING_TYPE], lower),
    ("lower", true, &[STRING_TYPE], lower),
    ("upper", false, &[STRING_TYPE], upper),
    ("upper", true, &[STRING_TYPE], upper),
    ("trim", false, &[STRING_TYPE], trim),
    ("trim", true, &[STRING_TYPE], trim),
];

/// Returns the environment all expressions are compiled for and run in.
pub(super) fn environment() -> Env {
    let mut environment = Env::stdlib();
    for (index, (name, on_value, arguments, function)) in OURS.into_iter().enumerate() {
        let id = format!("runwright_{index}");
        let mut types = arguments.iter().map(types::Type::to_owned);
        let declared = match types.next() {
            Some(target) if on_value => {
                environment.add_member_overload(name, &id, target, types.collect(), function)
            }
            first => environment.add_overload(
                name,
                &id,
                first.into_iter().chain(types).collect(),
                function,
            ),
        };
        debug_assert!(declared.is_ok(), "{name}: {declared:?}");
    }
    environment
}

fn charge<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let value = take(&mut arguments)?;
    budget::charge(value.as_ref())?;
    Ok(value)
}

fn add<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let [left, right] = arguments.as_slice() else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    budget::charge(left.as_ref())?;
    budget::charge(right.as_ref())?;
    let Some(adder) = left.as_adder() else {
        let types = [left, right].map(|value| value.get_type().name().to_owned());
        return Err(ExecutionError::no_such_overload(operators::ADD, types.to_vec()));
    };
    Ok(CowVal::Owned(adder.add(right.as_ref())?.into_owned()))
}

fn range<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let value = take(&mut arguments)?;
    if let Some(list) = value.downcast_ref::<CelList>() {
        budget::charge_visit(list.inner().len(), value.as_ref())?;
        return Ok(value);
    }
    let Some(map) = value.downcast_ref::<CelMap>() else {
        let message = format!("{} is neither a list nor a map", value.get_type().name());
        return Err(ExecutionError::function_error(guard::RANGE, message));
    };
    budget::charge_visit(map.inner().len(), value.as_ref())?;
    let mut keys: Vec<_> = map.inner().keys().collect();
    keys.sort();
    let keys: Vec<Box<dyn Val + 'v>> =
        keys.into_iter().map(|key| key.inner().clone_as_boxed()).collect();
    Ok(CowVal::owned(CelList::from(keys)))
}

fn pattern<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    const COMPILED_BYTES: usize = 1 << 10;
    budget::charge_bytes(COMPILED_BYTES)?;
    take(&mut arguments)
}

fn present<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let value = take(&mut arguments)?;
    let is_null = |value: &dyn Val| value.downcast_ref::<CelNull>().is_some();
    let present = match value.downcast_ref::<CelOptional>() {
        Some(optional) => optional.option().is_some_and(|inner| !is_null(inner)),
        None => !is_null(value.as_ref()),
    };
    Ok(CowVal::owned(CelBool::from(present)))
}

/// Joins texts; other values are joined by their JSON.
fn join<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let list = arguments.first().and_then(|value| value.downcast_ref::<CelList>());
    let items = list.ok_or_else(ExecutionError::missing_argument_or_target)?.inner();
    let separator = arguments.get(1).map_or(Ok(""), |value| text_of("join", value))?;
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        let part = convert::argument_to_json(item.as_ref())
            .map_err(|message| ExecutionError::function_error("join", message))?;
        let part = crate::value::text(&part);
        budget::charge_bytes(separator.len() + part.len())?;
        joined.push_str(&part);
    }
    Ok(CowVal::owned(CelString::from(joined)))
}

fn split<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let [source, separator] = arguments.as_slice() else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let (source, separator) = (text_of("split", source)?, text_of("split", separator)?);
    let mut parts: Vec<Box<dyn Val + 'v>> = Vec::new();
    if separator.is_empty() {
        return Err(ExecutionError::function_error("split", "the separator is empty"));
    }
    for part in source.split(separator) {
        budget::charge_bytes(16 + part.len())?;
        parts.push(Box::new(CelString::from(part.to_owned())));
    }
    Ok(CowVal::owned(CelList::from(parts)))
}

fn to_json<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let value = arguments.first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let json = convert::argument_to_json(value.as_ref())
        .map_err(|message| ExecutionError::function_error("toJson", message))?;
    made_text(json.to_string())
}

fn from_json<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let source = arguments.first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let source = text_of("fromJson", source)?;
    let parsed: serde_json::Value = serde_json::from_str(source)
        .map_err(|error| ExecutionError::function_error("fromJson", error))?;
    budget::charge_bytes(crate::value::size_bytes(&parsed))?;
    Ok(CowVal::Owned(convert::owned(&parsed)))
}

fn first<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let list = take(&mut arguments)?;
    let items =
        list.downcast_ref::<CelList>().ok_or_else(ExecutionError::missing_argument_or_target)?;
    match items.inner().first() {
        Some(item) => Ok(CowVal::Owned(item.clone_as_boxed())),
        None => Err(ExecutionError::function_error("first", "the list is empty")),
    }
}

fn lower<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    changed("lower", &arguments, str::to_lowercase)
}

fn upper<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    changed("upper", &arguments, str::to_uppercase)
}

fn trim<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    changed("trim", &arguments, |text| text.trim().to_owned())
}

fn changed<'b, 'v>(
    name: &str,
    arguments: &[CowVal<'b, 'v>],
    change: fn(&str) -> String,
) -> Answer<'b, 'v> {
    let source = arguments.first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    made_text(change(text_of(name, source)?))
}

fn made_text<'b, 'v>(text: String) -> Answer<'b, 'v> {
    budget::charge_bytes(text.len())?;
    Ok(CowVal::owned(CelString::from(text)))
}

fn take<'b, 'v>(arguments: &mut Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    if arguments.is_empty() {
        return Err(ExecutionError::missing_argument_or_target());
    }
    Ok(arguments.swap_remove(0))
}

fn text_of<'a>(name: &str, value: &'a CowVal<'_, '_>) -> Result<&'a str, ExecutionError> {
    value
        .downcast_ref::<CelString>()
        .map(CelString::inner)
        .ok_or_else(|| ExecutionError::function_error(name, "text is expected"))
}
