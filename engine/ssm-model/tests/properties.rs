//! Random requests and answers of each operation.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/model.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod model;
#[path = "support/mutate.rs"]
mod mutate;

use generate::Generator;
use proptest::prelude::*;
use ssm_model::Refused;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_the_model_allows_passes(seed: [u8; 32]) {
        let mut generator = Generator::new(seed);
        for (name, described) in model::operations() {
            let operation = ssm_model::operation(name).expect("it is there");
            let input = generator.value(model::target(&described["input"]), 0);
            prop_assert_eq!(operation.check_input(&input), Ok(()), "{} {}", name, input);
            let output = generator.value(model::target(&described["output"]), 0);
            prop_assert_eq!(operation.check_output(&output), Ok(()), "{} {}", name, output);
        }
    }

    #[test]
    fn one_broken_part_is_named(seed: [u8; 32]) {
        let mut generator = Generator::new(seed);
        for (name, described) in model::operations() {
            let shape = model::target(&described["input"]);
            let valid = generator.value(shape, 0);
            for mutation in mutate::mutations(shape, &valid) {
                let mut input = valid.clone();
                mutation.apply(&mut input);
                let refused = ssm_model::operation(name).expect("it is there").check_input(&input);
                let paths = match refused {
                    Ok(()) => Vec::new(),
                    Err(Refused::Malformed { path, reason: _ }) if mutation.malformed => vec![path],
                    Err(Refused::Invalid { violations, total: _ }) if !mutation.malformed => {
                        violations.into_iter().map(|violation| violation.path).collect()
                    }
                    Err(other) => panic!("{name}: {other} for {mutation:?}"),
                };
                prop_assert!(paths.contains(&mutation.path), "{name}: {paths:?} lack {mutation:?} of {input}");
            }
        }
    }

    #[test]
    fn what_is_redacted_once_stays_as_it_is(seed: [u8; 32]) {
        let mut generator = Generator::new(seed);
        for (name, described) in model::operations() {
            let operation = ssm_model::operation(name).expect("it is there");
            let redacted = operation.redacted_input(generator.value(model::target(&described["input"]), 0));
            prop_assert_eq!(operation.redacted_input(redacted.clone()), redacted);
        }
    }
}
