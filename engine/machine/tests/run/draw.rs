//! Random plans.

use std::collections::BTreeMap;

use host_api::identifier::Digest;
use proptest::prelude::*;
use runbook::plan::{
    Action, Amount, Approve, Backoff, Branch, Choice, Condition, DocumentIdentity, Flow, ForEach,
    Loop, LoopKind, OnCancel, OnFailure, OnUnknown, Operator, Plan, Runs, Schema, Sleep, Step,
    StepId, ValueType, Variable,
};
use runbook::template::{Reference, Template};
use serde_json::{Value, json};

/// What is drawn for a step; numbers choose among what is possible where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    kind: u8,
    on_failure: u8,
    target: u8,
    is_critical: bool,
    is_end: bool,
    max_attempts: u32,
    delay_ms: u64,
    timeout_ms: Option<u64>,
    on_unknown: u8,
    on_cancel: bool,
    runs: u8,
    depends_on: u8,
    items: u8,
    concurrency: u32,
    errors: u32,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let policy = (0..12_u8, 0..4_u8, any::<u8>(), any::<bool>(), prop::bool::weighted(0.1));
    let attempts = (1..=3_u32, prop::sample::select(vec![0, 1_000]), 0..3_u8, any::<bool>());
    let timeout = prop::option::weighted(0.3, Just(60_000_u64));
    let graph = (0..4_u8, any::<u8>());
    let items = (0..7_u8, 1..4_u32, 0..3_u32);
    (policy, attempts, timeout, graph, items).prop_map(
        |(policy, attempts, timeout_ms, graph, items)| Drawn {
            kind: policy.0,
            on_failure: policy.1,
            target: policy.2,
            is_critical: policy.3,
            is_end: policy.4,
            max_attempts: attempts.0,
            delay_ms: attempts.1,
            on_unknown: attempts.2,
            on_cancel: attempts.3,
            timeout_ms,
            runs: graph.0,
            depends_on: graph.1,
            items: items.0,
            concurrency: items.1,
            errors: items.2,
        },
    )
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let steps = prop::collection::vec(drawn(), 1..7);
    let finally = prop::collection::vec(drawn(), 0..3);
    (any::<bool>(), steps, finally)
        .prop_map(|(graph, steps, finally)| plan(graph, &steps, &finally))
}

fn plan(graph: bool, main: &[Drawn], finally: &[Drawn]) -> Plan {
    let mut steps = Vec::new();
    let ids = |range: std::ops::Range<usize>| range.map(|id| StepId(u32::try_from(id).unwrap()));
    let (main_count, top_count) = (main.len(), main.len() + finally.len());
    for (position, drawn) in main.iter().chain(finally).enumerate() {
        let in_finally = position >= main_count;
        let end = if in_finally { top_count } else { main_count };
        let mut step = step(&format!("S{position}"), drawn);
        let later: Vec<StepId> = ids(position + 1..end).collect();
        step.in_finally = in_finally;
        step.next = later.first().copied();
        if graph && !in_finally {
            step.depends_on =
                ids(0..position).filter(|id| drawn.depends_on >> id.0 & 1 == 1).collect();
            step.is_end = false;
            step.on_cancel = OnCancel::Abort;
        }
        let jumps = !(graph || in_finally || later.is_empty());
        if jumps {
            let target = later[usize::from(drawn.target) % later.len()];
            jump(&mut step, drawn, target);
        }
        steps.push(step);
    }
    for position in 0..top_count {
        let drawn = main.get(position).unwrap_or_else(|| &finally[position - main_count]);
        if drawn.kind == 5 {
            give_body(&mut steps, position, drawn);
        }
    }
    let variable = Variable { value_type: ValueType::Integer, default: Some(json!(0)) };
    Plan {
        document: DocumentIdentity {
            name: "Drawn".to_owned(),
            version: "1".to_owned(),
            digest: Digest::of(b"drawn"),
        },
        schema: Schema::V0_4,
        flow: if graph { Flow::Graph } else { Flow::Sequence },
        description: None,
        assume_role: None,
        parameters: BTreeMap::new(),
        variables: BTreeMap::from([("count".to_owned(), variable)]),
        steps,
        main: ids(0..main_count).collect(),
        finally: ids(main_count..top_count).collect(),
        outputs: Vec::new(),
        capabilities: None,
        plugins: BTreeMap::new(),
    }
}

fn jump(step: &mut Step, drawn: &Drawn, target: StepId) {
    if drawn.on_failure == 2 {
        step.on_failure = OnFailure::Step(target);
    }
    if drawn.on_cancel {
        step.on_cancel = OnCancel::Step(target);
    }
    if drawn.kind == 4 {
        let condition = Condition::Compare {
            variable: Template::Reference(Reference::Variable("count".to_owned())),
            operator: Operator::NumericGreater,
            value: Template::Literal(json!(0)),
        };
        let default = drawn.target.is_multiple_of(2).then_some(target);
        let choices = vec![Choice { condition, next: target }];
        step.action = Action::Branch(Branch { choices, default });
    }
}

fn give_body(steps: &mut Vec<Step>, position: usize, drawn: &Drawn) {
    let first = u32::try_from(steps.len()).unwrap();
    let parent = Some(StepId(u32::try_from(position).unwrap()));
    for (number, next) in [(0, Some(StepId(first + 1))), (1, None)] {
        let name = format!("S{position}Body{number}");
        let plain = Drawn { kind: 0, timeout_ms: None, is_end: false, ..drawn.clone() };
        let in_finally = steps[position].in_finally;
        steps.push(Step { parent, next, in_finally, ..step(&name, &plain) });
    }
    let kind = if drawn.items.is_multiple_of(2) {
        let condition = Condition::Compare {
            variable: Template::Reference(Reference::StepOutput {
                step: steps[position].name.clone(),
                output: "CurrentIteration".to_owned(),
            }),
            operator: Operator::NumericLesser,
            value: Template::Literal(json!(drawn.items)),
        };
        LoopKind::DoWhile(condition)
    } else {
        let values: Vec<Value> = (0..drawn.items).map(Value::from).collect();
        LoopKind::ForEach {
            iterators: Template::Literal(Value::Array(values)),
            value_type: ValueType::Integer,
        }
    };
    let body = vec![StepId(first), StepId(first + 1)];
    steps[position].action = Action::Loop(Loop { body, kind, max_iterations: 4 });
}

fn step(name: &str, drawn: &Drawn) -> Step {
    let for_each = (drawn.kind == 3).then(|| ForEach {
        list: Template::Literal((0..drawn.items).map(Value::from).collect()),
        as_name: None,
        max_concurrency: Amount::Count(drawn.concurrency),
        max_errors: Amount::Count(drawn.errors),
    });
    Step {
        name: name.to_owned(),
        description: None,
        action: action(drawn),
        outputs: Vec::new(),
        max_attempts: drawn.max_attempts,
        backoff: Backoff { delay_ms: drawn.delay_ms, factor: 2.0, delay_ms_max: 5_000 },
        timeout_ms: drawn.timeout_ms,
        on_failure: if drawn.on_failure == 1 { OnFailure::Continue } else { OnFailure::Abort },
        on_cancel: OnCancel::Abort,
        is_critical: drawn.is_critical,
        is_end: drawn.is_end,
        next: None,
        parent: None,
        in_finally: false,
        depends_on: Vec::new(),
        runs: [Runs::OnSuccess, Runs::OnSuccess, Runs::OnFailure, Runs::Always]
            [usize::from(drawn.runs)],
        when: None,
        for_each,
        on_unknown: [OnUnknown::Fail, OnUnknown::Retry, OnUnknown::Ask]
            [usize::from(drawn.on_unknown)],
        capabilities: None,
    }
}

fn action(drawn: &Drawn) -> Action {
    let literal = |value: Value| Template::Literal(value);
    match drawn.kind {
        6 => Action::Sleep(Sleep::Duration(literal(json!("PT30S")))),
        7 => Action::Pause,
        8 => Action::Approve(Approve {
            approvers: literal(json!(["os:1000", "os:1001"])),
            message: None,
            min_required_approvals: literal(json!(drawn.items % 2 + 1)),
            notification_arn: None,
        }),
        9 => {
            Action::UpdateVariable { name: "count".to_owned(), value: literal(json!(drawn.items)) }
        }
        _ => Action::Component { name: "aws:invokeWebhook".to_owned(), inputs: literal(json!({})) },
    }
}
