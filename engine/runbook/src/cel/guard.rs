//! Rewrites a parsed expression so that every place where values can grow is charged to the account of the evaluation, maps are
//! visited in the order of their keys, and `default` looks only as far as there is something.

use ::cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators};
use ::cel::common::types::CelString;
use ::cel::parser::Expression as Ast;

/// Charges its argument and returns it.
pub(super) const CHARGE: &str = "@charge";
/// Adds as `+` does, after charging both sides.
pub(super) const ADD: &str = "@add";
/// Charges a visit of its argument and returns a list: of a map, its sorted keys.
pub(super) const RANGE: &str = "@range";
/// Charges the compilation of a regular expression, which the crate does at each call.
pub(super) const PATTERN: &str = "@pattern";
/// Says whether an optional, or a value, is there and not null.
pub(super) const PRESENT: &str = "@present";
/// What an author writes: `default(value, other)`.
pub(super) const DEFAULT: &str = "default";

/// Returns the expression, guarded.
pub(super) fn guarded(ast: Ast) -> Ast {
    let Ast { id, expr } = ast;
    let expr = match expr {
        Expr::Call(call) => call_guarded(call),
        Expr::Comprehension(mut comprehension) => {
            comprehension.iter_range = call1(RANGE, guarded(comprehension.iter_range));
            comprehension.accu_init = guarded(comprehension.accu_init);
            comprehension.loop_cond = guarded(comprehension.loop_cond);
            comprehension.loop_step = guarded(comprehension.loop_step);
            comprehension.result = guarded(comprehension.result);
            Expr::Comprehension(comprehension)
        }
        Expr::List(mut list) => {
            list.elements = list.elements.into_iter().map(|item| charged(guarded(item))).collect();
            Expr::List(list)
        }
        Expr::Map(mut map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(member) = &mut entry.expr {
                    member.key = charged(guarded(std::mem::take(&mut member.key)));
                    member.value = charged(guarded(std::mem::take(&mut member.value)));
                }
            }
            Expr::Map(map)
        }
        Expr::Select(select) if select.test => {
            return tested(Ast { id, expr: Expr::Select(select) });
        }
        Expr::Select(mut select) => {
            select.operand = Box::new(guarded(*select.operand));
            Expr::Select(select)
        }
        other @ (Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified) => other,
    };
    Ast { id, expr }
}

fn call_guarded(mut call: CallExpr) -> Expr {
    if call.func_name == DEFAULT
        && call.target.is_none()
        && let [value, other] = call.args.as_slice()
    {
        let present = call1(PRESENT, guarded(optional(value.clone())));
        let args = vec![present, guarded(value.clone()), guarded(other.clone())];
        return Expr::Call(CallExpr {
            func_name: operators::CONDITIONAL.to_owned(),
            target: None,
            args,
        });
    }
    call.target = call.target.map(|target| Box::new(guarded(*target)));
    let appends = is_append(&call);
    call.args = call.args.into_iter().map(guarded).collect();
    if call.func_name == operators::ADD && !appends {
        ADD.clone_into(&mut call.func_name);
    }
    if call.func_name == "matches"
        && let Some(pattern) = call.args.pop()
    {
        call.args.push(call1(PATTERN, pattern));
    }
    Expr::Call(call)
}

/// The step of `map` and `filter`, `@result + [element]`: the crate appends in place when it sees this form, so it is left as it
/// is; the element is charged inside its list.
fn is_append(call: &CallExpr) -> bool {
    let [Ast { expr: Expr::Ident(name), .. }, Ast { expr: Expr::List(_), .. }] =
        call.args.as_slice()
    else {
        return false;
    };
    call.func_name == operators::ADD && name.starts_with('@')
}

/// `has(a.b.c)` asks for `a.b` first: what lies under something absent is absent, and asking for it is no failure.
fn tested(test: Ast) -> Ast {
    let mut tests = Vec::new();
    let mut path = Some(test);
    while let Some(mut at) = path.take() {
        if let Expr::Select(select) = &mut at.expr {
            path = Some((*select.operand).clone());
            select.test = true;
            *select.operand = guarded(std::mem::take(&mut *select.operand));
            tests.push(at);
        } else if let Expr::Call(call) = &mut at.expr
            && call.func_name == operators::INDEX
        {
            path = call.args.drain(..).next();
        }
    }
    let last = tests.pop().unwrap_or_default();
    tests.into_iter().rev().fold(last, |before, test| call2(operators::LOGICAL_AND, before, test))
}

/// A path becomes its optional form: `a.b[0]` is read as `a.?b[?0]`.
fn optional(mut ast: Ast) -> Ast {
    if let Expr::Select(select) = &mut ast.expr
        && !select.test
    {
        let name = CelString::from(std::mem::take(&mut select.field));
        let field = Ast { id: 0, expr: Expr::Literal(LiteralValue::String(name)) };
        return call2(operators::OPT_SELECT, optional(std::mem::take(&mut *select.operand)), field);
    }
    if let Expr::Call(call) = &mut ast.expr
        && call.func_name == operators::INDEX
        && let [list, index] = call.args.as_mut_slice()
    {
        let list = optional(std::mem::take(list));
        return call2(operators::OPT_INDEX, list, std::mem::take(index));
    }
    ast
}

fn charged(ast: Ast) -> Ast {
    if matches!(ast.expr, Expr::Literal(_)) { ast } else { call1(CHARGE, ast) }
}

fn call1(name: &str, argument: Ast) -> Ast {
    let call = CallExpr { func_name: name.to_owned(), target: None, args: vec![argument] };
    Ast { id: 0, expr: Expr::Call(call) }
}

fn call2(name: &str, left: Ast, right: Ast) -> Ast {
    let call = CallExpr { func_name: name.to_owned(), target: None, args: vec![left, right] };
    Ast { id: 0, expr: Expr::Call(call) }
}
