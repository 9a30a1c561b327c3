//! iCalendar text as a tree.

use icalendar::parser::{self, read_components, unfold};

use super::Fault;

/// How deep components nest: calendar, time zone, its observances; an alarm in an event.
const DEPTH_MAX: usize = 4;

/// A component with its properties.
#[derive(Debug, Clone)]
pub(super) struct Component {
    name: String,
    properties: Vec<Property>,
    pub(super) children: Vec<Component>,
}

#[derive(Debug, Clone)]
pub(super) struct Property {
    name: String,
    pub(super) value: String,
    parameters: Vec<(String, String)>,
}

impl Component {
    /// Reads a text that is one calendar.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        check_depth(text)?;
        let text = unfold(text.trim_start_matches('\u{feff}'));
        let components = read_components(&text).map_err(|error| {
            let first: Vec<&str> = error.lines().take(2).collect();
            Fault::invalid(format!("it is not iCalendar text: {}", first.join(" ")))
        })?;
        match components.as_slice() {
            [calendar] if calendar.name.as_str() == "VCALENDAR" => Ok(Self::of(calendar)),
            _ => Err(Fault::invalid("it is not one VCALENDAR")),
        }
    }

    fn of(component: &parser::Component<'_>) -> Self {
        Self {
            name: component.name.as_str().to_ascii_uppercase(),
            properties: component.properties.iter().map(Property::of).collect(),
            children: component.components.iter().map(Self::of).collect(),
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Returns the properties of a name.
    pub(super) fn all<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    /// Returns the property of a name that may stand once.
    pub(super) fn one(&self, name: &str) -> Result<Option<&Property>, Fault> {
        let mut found = self.properties.iter().filter(|property| property.name == name);
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(Fault::invalid(format!("{} has {name} twice", self.title()))),
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.properties.iter().filter(|property| property.name == name);
        found.next().map(|property| property.value.trim())
    }

    /// Returns what a message calls the component.
    pub(super) fn title(&self) -> String {
        let name = self.value("SUMMARY").or_else(|| self.value("UID")).unwrap_or_default();
        format!("the {} {name:?}", self.name)
    }
}

impl Property {
    fn of(property: &parser::Property<'_>) -> Self {
        let parameters = property.params.iter().map(|parameter| {
            let value = parameter.val.as_ref().map_or("", |value| value.as_str());
            (parameter.key.as_str().to_ascii_uppercase(), value.trim_matches('"').to_owned())
        });
        Self {
            name: property.name.as_str().to_ascii_uppercase(),
            value: property.val.as_str().trim().to_owned(),
            parameters: parameters.collect(),
        }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The reader of the text calls itself for each level.
fn check_depth(text: &str) -> Result<(), Fault> {
    let mut depth = 0_usize;
    for line in text.lines() {
        let line = line.trim_start().to_ascii_uppercase();
        if line.starts_with("BEGIN:") {
            depth += 1;
        } else if line.starts_with("END:") {
            depth = depth.saturating_sub(1);
        }
        if depth > DEPTH_MAX {
            return Err(Fault::invalid(format!("its components nest deeper than {DEPTH_MAX}")));
        }
    }
    Ok(())
}
