//! What a template refers to.

use std::collections::BTreeSet;

use super::{Expression, Global, Reference, Segment, Template};

/// All that a template refers to, inside expressions too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one name of the language")]
pub struct References {
    pub parameters: BTreeSet<String>,
    pub variables: BTreeSet<String>,
    pub globals: BTreeSet<Global>,
    pub execution_id: bool,
    /// Every step referred to in any way: an edge of a graph.
    pub steps: BTreeSet<String>,
    /// Single outputs by name: step and output.
    pub outputs: BTreeSet<(String, String)>,
    /// Expressions alone read these three.
    pub run: bool,
    pub event: bool,
    pub item: bool,
}

impl References {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what `expression` reads.
    pub fn add_expression(&mut self, expression: &Expression) {
        let reads = &expression.reads;
        self.parameters.extend(reads.parameters.iter().cloned());
        self.variables.extend(reads.variables.iter().cloned());
        self.steps.extend(reads.steps.iter().cloned());
        self.outputs
            .extend(reads.outputs.iter().map(|read| (read.step.clone(), read.output.clone())));
        self.run |= reads.run;
        self.event |= reads.event;
        self.item |= reads.item;
    }

    /// Adds one reference.
    pub fn add_reference(&mut self, reference: &Reference) {
        match reference {
            Reference::Parameter(name) => {
                self.parameters.insert(name.clone());
            }
            Reference::StepOutput { step, output } => {
                self.steps.insert(step.clone());
                self.outputs.insert((step.clone(), output.clone()));
            }
            Reference::Variable(name) => {
                self.variables.insert(name.clone());
            }
            Reference::Global(global) => {
                self.globals.insert(*global);
            }
            Reference::ExecutionId => self.execution_id = true,
        }
    }

    /// Adds all of `template`.
    pub fn add_template(&mut self, template: &Template) {
        match template {
            Template::Literal(_) => {}
            Template::Reference(reference) => self.add_reference(reference),
            Template::Expression(expression) => self.add_expression(expression),
            Template::Text(segments) => segments.iter().for_each(|segment| match segment {
                Segment::Text(_) => {}
                Segment::Reference(reference) => self.add_reference(reference),
                Segment::Expression(expression) => self.add_expression(expression),
            }),
            Template::List(items) => items.iter().for_each(|item| self.add_template(item)),
            Template::Map(members) => members.values().for_each(|member| self.add_template(member)),
            Template::Secret(name) => self.add_template(name),
        }
    }
}

impl Template {
    /// Returns everything it refers to, for the checker and for the edges of a graph.
    pub fn references(&self) -> References {
        let mut references = References::default();
        references.add_template(self);
        references
    }
}

impl Reference {
    /// Returns its words for a message: ``parameter `Tier` ``.
    pub fn describe(&self) -> String {
        match self {
            Self::Parameter(name) => format!("parameter `{name}`"),
            Self::StepOutput { step, output } => format!("output `{output}` of step `{step}`"),
            Self::Variable(name) => format!("variable `{name}`"),
            Self::Global(global) => format!("`global:{global}`"),
            Self::ExecutionId => "`automation:EXECUTION_ID`".to_owned(),
        }
    }
}

impl std::fmt::Display for Reference {
    /// Writes what stands between the braces.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameter(name) => f.write_str(name),
            Self::StepOutput { step, output } => write!(f, "{step}.{output}"),
            Self::Variable(name) => write!(f, "variable:{name}"),
            Self::Global(global) => write!(f, "global:{global}"),
            Self::ExecutionId => f.write_str("automation:EXECUTION_ID"),
        }
    }
}

impl Global {
    /// All of them, as SSM names them.
    pub const ALL: [Self; 5] =
        [Self::AccountId, Self::Date, Self::DateTime, Self::Region, Self::AwsPartition];

    /// Returns SSM's name: `ACCOUNT_ID`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountId => "ACCOUNT_ID",
            Self::Date => "DATE",
            Self::DateTime => "DATE_TIME",
            Self::Region => "REGION",
            Self::AwsPartition => "AWS_PARTITION",
        }
    }
}

impl std::fmt::Display for Global {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
