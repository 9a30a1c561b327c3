//! Finds what an expression reads, and refuses what cannot be known before it runs.

use ::cel::Program;
use ::cel::common::ast::{EntryExpr, Expr, LiteralValue, SourceInfo, operators};
use ::cel::parser::Expression as Ast;

use super::roots::{ROOTS, Roots, StepRead};
use super::{COMPREHENSION_DEPTH_MAX, ExpressionError, functions, guard};

/// Names of types that CEL lets an expression mention.
const TYPES: [&str; 12] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "timestamp",
    "type",
    "uint",
];

/// Returns what `program` reads.
pub(super) fn of(program: &Program) -> Result<Roots, ExpressionError> {
    let mut reader = Reader {
        positions: program.source_info(),
        roots: Roots::default(),
        bound: Vec::new(),
        depth: 0,
    };
    reader.visit(program.expression())?;
    Ok(reader.roots)
}

struct Reader<'p> {
    positions: &'p SourceInfo,
    roots: Roots,
    /// The variables of the comprehensions around.
    bound: Vec<&'p str>,
    depth: usize,
}

impl<'p> Reader<'p> {
    fn visit(&mut self, ast: &'p Ast) -> Result<(), ExpressionError> {
        if let Some((root, path)) = path_of(ast)
            && !self.bound.contains(&root)
        {
            for member in &path {
                if let Member::Computed(index) = member {
                    self.visit(index)?;
                }
            }
            return self.read(root_of(ast), root, &path);
        }
        match &ast.expr {
            Expr::Call(call) => {
                self.check_function(ast, &call.func_name, call.target.as_deref(), call.args.len())?;
                if let Some(target) = &call.target
                    && !is_namespace(target)
                {
                    self.visit(target)?;
                }
                call.args.iter().try_for_each(|argument| self.visit(argument))
            }
            Expr::Comprehension(comprehension) => {
                self.visit(&comprehension.iter_range)?;
                self.visit(&comprehension.accu_init)?;
                self.check_binding(ast, &comprehension.iter_var)?;
                self.depth += 1;
                if self.depth > COMPREHENSION_DEPTH_MAX {
                    let message = format!(
                        "map, filter, all and exists nest at most {COMPREHENSION_DEPTH_MAX} deep"
                    );
                    return Err(self.error(ast, message));
                }
                self.bound.push(&comprehension.iter_var);
                self.bound.push(&comprehension.accu_var);
                self.visit(&comprehension.loop_cond)?;
                self.visit(&comprehension.loop_step)?;
                self.visit(&comprehension.result)?;
                self.bound.truncate(self.bound.len() - 2);
                self.depth -= 1;
                Ok(())
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.visit(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(member) => {
                    self.visit(&member.key)?;
                    self.visit(&member.value)
                }
                EntryExpr::StructField(field) => self.visit(&field.value),
            }),
            Expr::Select(select) => self.visit(&select.operand),
            Expr::Struct(_) | Expr::Unspecified => {
                Err(self.error(ast, "messages cannot be made here; write a map: {'name': value}"))
            }
            Expr::Ident(_) | Expr::Literal(_) => Ok(()),
        }
    }

    fn check_binding(&self, ast: &Ast, name: &str) -> Result<(), ExpressionError> {
        if ROOTS.contains(&name) {
            let message =
                format!("`{name}` is a name of the language; call the variable something else");
            return Err(self.error(ast, message));
        }
        Ok(())
    }

    fn check_function(
        &self,
        ast: &Ast,
        name: &str,
        target: Option<&Ast>,
        arguments: usize,
    ) -> Result<(), ExpressionError> {
        if name == guard::DEFAULT && (target.is_some() || arguments != 2) {
            return Err(
                self.error(ast, "`default` takes a value and what stands in for it: default(x, y)")
            );
        }
        if !functions::is_known(name) {
            return Err(self.error(ast, format!("there is no function `{name}`")));
        }
        Ok(())
    }

    fn read(&mut self, ast: &Ast, root: &str, path: &[Member<'_>]) -> Result<(), ExpressionError> {
        match root {
            "parameters" | "variables" => {
                let Some(Member::Named(name)) = path.first() else {
                    let message = format!(
                        "name what is read: {root}.NAME; all of them, or a computed name, cannot be read"
                    );
                    return Err(self.error(ast, message));
                };
                let names = if root == "parameters" {
                    &mut self.roots.parameters
                } else {
                    &mut self.roots.variables
                };
                names.insert((*name).to_owned());
            }
            "steps" => return self.read_step(ast, path),
            "run" => self.roots.run = true,
            "event" => self.roots.event = true,
            "item" => self.roots.item = true,
            name if TYPES.contains(&name) && path.is_empty() => {}
            name => {
                let known = ROOTS.join(", ");
                let message = format!("`{name}` is not known; an expression reads {known}");
                return Err(self.error(ast, message));
            }
        }
        Ok(())
    }

    fn read_step(&mut self, ast: &Ast, path: &[Member<'_>]) -> Result<(), ExpressionError> {
        let Some(Member::Named(step)) = path.first() else {
            return Err(self.error(
                ast,
                "name the step: steps.NAME.outputs.OUTPUT; a computed step would hide what depends on what",
            ));
        };
        let Some(Member::Named(what @ ("outputs" | "status"))) = path.get(1) else {
            let message =
                format!("of a step there are steps.{step}.outputs and steps.{step}.status");
            return Err(self.error(ast, message));
        };
        let read: &mut StepRead = self.roots.steps.entry((*step).to_owned()).or_default();
        match path.get(2) {
            _ if *what == "status" => read.status = true,
            Some(Member::Named(output)) => {
                read.outputs.insert((*output).to_owned());
            }
            Some(Member::Computed(_)) | None => read.all_outputs = true,
        }
        Ok(())
    }

    fn error(&self, ast: &Ast, message: impl Into<String>) -> ExpressionError {
        let offset = self.positions.offset_for(ast.id).map_or(0, |(start, _)| start);
        ExpressionError::new(usize::try_from(offset).unwrap_or(0), message)
    }
}

/// One step of a path: `.name`, `["name"]`, or an index that is computed.
enum Member<'p> {
    Named(&'p str),
    Computed(&'p Ast),
}

/// Returns the root and the members of `root.a["b"].?c[i]`; nothing when the expression is no such path.
fn path_of(ast: &Ast) -> Option<(&str, Vec<Member<'_>>)> {
    if let Expr::Ident(name) = &ast.expr {
        return Some((name, Vec::new()));
    }
    if let Expr::Select(select) = &ast.expr {
        let (root, mut path) = path_of(&select.operand)?;
        path.push(Member::Named(&select.field));
        return Some((root, path));
    }
    let Expr::Call(call) = &ast.expr else {
        return None;
    };
    let indexes = [operators::INDEX, operators::OPT_INDEX, operators::OPT_SELECT];
    let [base, index] = call.args.as_slice() else {
        return None;
    };
    if call.target.is_some() || !indexes.contains(&call.func_name.as_str()) {
        return None;
    }
    let (root, mut path) = path_of(base)?;
    path.push(if let Expr::Literal(LiteralValue::String(name)) = &index.expr {
        Member::Named(name.inner())
    } else {
        Member::Computed(index)
    });
    Some((root, path))
}

/// Returns the first name of a path: where a message about it points.
fn root_of(ast: &Ast) -> &Ast {
    if let Expr::Select(select) = &ast.expr {
        return root_of(&select.operand);
    }
    if let Expr::Call(call) = &ast.expr
        && let Some(base) = call.args.first()
    {
        return root_of(base);
    }
    ast
}

/// `optional` in `optional.of(x)`.
fn is_namespace(target: &Ast) -> bool {
    matches!(&target.expr, Expr::Ident(name) if name == "optional")
}
