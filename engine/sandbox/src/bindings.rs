//! What `bindgen!` makes of `host-api/wit`. None of it leaves this crate.

wasmtime::component::bindgen!({
    path: "../../host-api/wit",
    world: "action",
    imports: {
        "runwright:host/log": trappable,
        "runwright:host/random": trappable,
        "runwright:host/context": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    trappable_error_type: { "runwright:host/types.failure" => crate::host::CallError },
});
