//! The path of a request: bytes of a connection, and bodies of somebody who may do everything. Whatever comes, the server does not
//! fail by its own fault, and what it answers is an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let answer = match kind {
        b'\n' => fuzz::exchange(rest, true),
        number => {
            let names: Vec<&str> =
                ssm_model::operations().map(|operation| operation.name()).collect();
            let name = names[usize::from(*number) % names.len()];
            let answer = fuzz::exchange(&fuzz::request(name, rest), false);
            assert!(answer.starts_with(b"HTTP/1.1 "), "{name} was not answered");
            answer
        }
    };
    for status in fuzz::statuses(&answer) {
        assert_ne!(status, b"500", "{}", String::from_utf8_lossy(&answer));
    }
});
