//! The table from the text of the model. A model that does not make one is a bug that each test finds.

use std::collections::BTreeMap;

use super::constraint::Constraint;
use super::pattern::Pattern;
use super::{Kind, Member, Shape, ShapeId, Structure, Table, source};
use crate::{ErrorShape, Operation, Pagination, Service};

/// Secrets that the model does not mark.
const UNMARKED: [&str; 2] = ["ActivationCode", "TokenValue"];

pub(super) fn table(text: &'static str, service: Service) -> Table {
    let model: source::Model<'static> =
        serde_json::from_str(text).expect("the embedded model has the form it is read by");
    let ids = Ids(model.shapes.keys().copied().zip((0_u16..).map(ShapeId)).collect());
    let errors = model
        .shapes
        .iter()
        .filter(|(_, shape)| shape.exception)
        .map(|(name, shape)| error(name, shape))
        .collect();
    let operations = model
        .operations
        .iter()
        .map(|(name, operation)| Operation {
            service,
            name: qualified(service, name),
            input: ids.of(&operation.input),
            output: ids.of(&operation.output),
            errors: operation.errors.iter().map(|error| error.shape).collect(),
            pagination: model.pagination.get(name).map(pagination),
        })
        .collect();
    let mut shapes: Box<[Shape]> =
        model.shapes.iter().map(|(name, shape)| ids.shape(name, shape)).collect();
    mark_what_holds_sensitive_parts(&mut shapes);
    Table { shapes, operations, errors }
}

/// A table is built once, so what is leaked here is bounded.
fn qualified(service: Service, name: &'static str) -> &'static str {
    match service.namespace() {
        "" => name,
        namespace => Box::leak(format!("{namespace}{name}").into_boxed_str()),
    }
}

fn pagination(keys: &source::Pagination<'static>) -> Pagination {
    Pagination {
        input_token: keys.input_token,
        limit_key: keys.limit_key,
        output_token: keys.output_token,
        result_key: keys.result_key,
    }
}

fn error(name: &'static str, shape: &source::Shape<'static>) -> ErrorShape {
    let message_member =
        shape.members.keys().copied().find(|member| member.eq_ignore_ascii_case("message"));
    ErrorShape { name, message_member, server_fault: shape.fault }
}

struct Ids(BTreeMap<&'static str, ShapeId>);

impl Ids {
    fn of(&self, reference: &source::Reference<'static>) -> ShapeId {
        self.0[reference.shape]
    }

    fn optional(&self, reference: Option<&source::Reference<'static>>) -> ShapeId {
        self.of(reference.expect("a list has a member, a map a key and a value"))
    }

    fn shape(&self, name: &'static str, shape: &source::Shape<'static>) -> Shape {
        let kind = match shape.kind {
            "structure" => Kind::Structure(self.structure(shape)),
            "list" => Kind::List(self.optional(shape.member.as_ref())),
            "map" => Kind::Map {
                key: self.optional(shape.key.as_ref()),
                value: self.optional(shape.value.as_ref()),
            },
            "string" => Kind::String,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "boolean" => Kind::Boolean,
            "timestamp" => Kind::Timestamp,
            "blob" => Kind::Blob,
            other => panic!("the model has a type that nothing checks: {other}"),
        };
        let sensitive = shape.sensitive || UNMARKED.contains(&name);
        Shape { name, kind, constraints: constraints(shape), sensitive, holds_sensitive: sensitive }
    }

    fn structure(&self, shape: &source::Shape<'static>) -> Structure {
        let members: Box<[Member]> = shape
            .members
            .iter()
            .map(|(name, reference)| Member { name, shape: self.of(reference) })
            .collect();
        assert!(members.len() <= 64, "a bit stands for each member");
        let mut required = 0;
        for name in &shape.required {
            let position = members.iter().position(|member| member.name == *name);
            required |= 1 << position.expect("a required member is a member");
        }
        Structure { members, required, union: shape.union }
    }
}

/// The order is AWS's where a text lists all of them.
fn constraints(shape: &source::Shape<'static>) -> Box<[Constraint]> {
    let number = matches!(shape.kind, "integer" | "long");
    let most =
        shape.max.map(if number { Constraint::ValueAtMost } else { Constraint::LengthAtMost });
    let least =
        shape.min.map(if number { Constraint::ValueAtLeast } else { Constraint::LengthAtLeast });
    let pattern = shape.pattern.as_deref().map(|source| Constraint::Matches(Pattern::new(source)));
    let values = (!shape.values.is_empty()).then(|| Constraint::OneOf(shape.values.clone().into()));
    [most, least, pattern, values].into_iter().flatten().collect()
}

/// Shapes refer to each other in circles, so the mark spreads until a round adds none.
fn mark_what_holds_sensitive_parts(shapes: &mut [Shape]) {
    loop {
        let holds = |id: &ShapeId| shapes[usize::from(id.0)].holds_sensitive;
        let found: Vec<usize> = (0..shapes.len())
            .filter(|index| !shapes[*index].holds_sensitive)
            .filter(|index| match &shapes[*index].kind {
                Kind::Structure(structure) => {
                    structure.members.iter().any(|member| holds(&member.shape))
                }
                Kind::List(member) => holds(member),
                Kind::Map { key, value } => holds(key) || holds(value),
                Kind::String
                | Kind::Integer
                | Kind::Long
                | Kind::Boolean
                | Kind::Timestamp
                | Kind::Blob => false,
            })
            .collect();
        if found.is_empty() {
            return;
        }
        for index in found {
            shapes[index].holds_sensitive = true;
        }
    }
}
