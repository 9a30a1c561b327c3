//! Many patterns at once.

use rules::{Event, Index, Pattern};
use serde_json::{Value, json};

fn pattern(value: &Value) -> Pattern {
    Pattern::parse(&value.to_string()).unwrap()
}

#[test]
fn matching_patterns_come_in_the_order_of_their_identifiers() {
    let mut index = Index::new();
    for (id, wanted) in [(3, "a"), (1, "a"), (2, "b"), (5, "a")] {
        index.insert(id, pattern(&json!({"source": [wanted]})));
    }
    let event = json!({"source": ["b", "a"]});
    let event = Event::new(&event).unwrap();
    assert_eq!(index.matching(&event), [&1, &2, &3, &5]);
    assert_eq!(index.len(), 4);
}

#[test]
fn a_pattern_can_be_replaced_and_taken_out() {
    let mut index = Index::new();
    let (a, b) = (json!({"source": "a"}), json!({"source": "b"}));
    assert!(index.insert("x", pattern(&json!({"source": ["a"]}))).is_none());
    assert!(index.insert("x", pattern(&json!({"source": ["b"]}))).is_some());
    assert_eq!(index.matching(&Event::new(&a).unwrap()), Vec::<&&str>::new());
    assert_eq!(index.matching(&Event::new(&b).unwrap()), [&"x"]);
    assert!(index.get(&"x").unwrap().matches(&Event::new(&b).unwrap()));
    assert!(index.remove(&"x").is_some());
    assert!(index.remove(&"x").is_none());
    assert!(index.is_empty());
    assert_eq!(index.candidates(&Event::new(&b).unwrap()), Vec::<&&str>::new());
}

#[test]
fn an_event_meets_few_patterns() {
    let mut index = Index::new();
    for id in 0..1000 {
        let own = format!("id-{id}-instance");
        let detail = match id % 5 {
            0 => json!({"instance": [own]}),
            1 => json!({"instance": [{"prefix": own}]}),
            2 => json!({"instance": [{"wildcard": format!("*{own}")}]}),
            3 => json!({"other": {(own): [{"exists": true}]}}),
            _ => json!({"$or": [{"instance": [own]}, {"number": [id]}]}),
        };
        let whole = json!({"source": ["s"], "detail-type": ["t"], "detail": detail});
        index.insert(id, pattern(&whole));
    }
    let event =
        json!({"source": "s", "detail-type": "t", "detail": {"instance": "id-500-instance"}});
    let event = Event::new(&event).unwrap();
    assert_eq!(index.matching(&event), [&500]);
    let candidates = index.candidates(&event).len();
    assert!(candidates < 40, "{candidates} of 1000");
}

#[test]
fn what_may_all_be_absent_meets_every_event() {
    let mut index = Index::new();
    index.insert(1, pattern(&json!({"detail": {"x": [{"exists": false}]}})));
    let event = json!({});
    assert_eq!(index.matching(&Event::new(&event).unwrap()), [&1]);
    index.remove(&1);
    assert!(index.matching(&Event::new(&event).unwrap()).is_empty());
}
