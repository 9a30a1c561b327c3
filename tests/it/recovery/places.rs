//! Every named place of the engine, in every scenario: killed when it is passed the first time and later times, and killed
//! there once more while the run goes on.

use super::kill::check;
use super::scene::{Called, Scene, call};

/// The passages of a place at which the process is killed, in turn, as long as the run gets that far.
const PASSAGES: [u32; 3] = [1, 2, 5];

fn kill_at(scenario: &'static str, place: &str) {
    for passage in PASSAGES {
        let scene = Scene::new(scenario);
        let told = format!("{scenario}, {place}:{passage}");
        let mut run = scene.run();
        run.env("RUNWRIGHT_CRASH_AT", format!("{place}:{passage}"));
        let was_killed = matches!(call(run), Called::Killed);
        assert!(was_killed || passage > 1, "{told} is never passed");
        if was_killed {
            let mut again = scene.go_on();
            again.env("RUNWRIGHT_CRASH_AT", format!("{place}:1"));
            drop(call(again));
            scene.finish();
        }
        check(&scene, &told);
        if !was_killed {
            return;
        }
    }
}

/// A test for each place.
macro_rules! places {
    ($scenario:ident: $($name:ident = $place:literal,)*) => {
        mod $scenario {
            $(
                #[test]
                fn $name() {
                    super::kill_at(stringify!($scenario), $place);
                }
            )*
        }
    };
}

/// The places that every run passes, and those that this scenario passes besides.
macro_rules! scenario {
    ($scenario:ident: $($name:ident = $place:literal,)*) => {
        places! {
            $scenario:
            before_commit = "before-commit",
            after_commit = "after-commit",
            before_start = "before-start",
            after_start = "after-start",
            before_suspend = "before-suspend",
            after_suspend = "after-suspend",
            before_wake = "before-wake",
            after_wake = "after-wake",
            before_success = "before-success",
            after_success = "after-success",
            after_store_effect = "after-store-effect",
            $($name = $place,)*
        }
    };
}

scenario! { graph: }
scenario! { retry: }
scenario! { child: }
scenario! { sequence: }
scenario! { operations: }
scenario! {
    http:
    before_intent = "before-intent",
    after_intent = "after-intent",
    after_perform = "after-perform",
    after_outcome = "after-outcome",
}
