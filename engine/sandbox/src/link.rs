//! Linking: what is granted reaches the host, what is not answers `Denied`, and there is nothing else.

use wasmtime::component::types::{ComponentItem, Type};
use wasmtime::component::{Component, HasSelf, Linker, Val};
use wasmtime::{Engine, StoreContextMut};

use crate::activation::Activation;
use crate::bindings::ActionPre;
use crate::bindings::runwright::host as wit;
use crate::host::CallError;
use crate::interfaces::Interfaces;

/// Prepares `component` for steps that are granted `granted` of what it imports.
pub(crate) fn prepare(
    engine: &Engine,
    component: &Component,
    imports: Interfaces,
    granted: Interfaces,
    wasi: bool,
) -> wasmtime::Result<ActionPre<Activation>> {
    let mut linker = Linker::new(engine);
    link_always(&mut linker)?;
    for interface in granted.intersection(imports).names() {
        link_granted(&mut linker, interface)?;
    }
    for interface in imports.without(granted).names() {
        link_denied(&mut linker, engine, component, interface)?;
    }
    if wasi {
        wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(&mut linker)?;
    }
    ActionPre::new(linker.instantiate_pre(component)?)
}

type Own = HasSelf<Activation>;

fn link_always(linker: &mut Linker<Activation>) -> wasmtime::Result<()> {
    wit::types::add_to_linker::<_, Own>(linker, |a| a)?;
    wit::log::add_to_linker::<_, Own>(linker, |a| a)?;
    wit::clock::add_to_linker::<_, Own>(linker, |a| a)?;
    wit::random::add_to_linker::<_, Own>(linker, |a| a)?;
    wit::context::add_to_linker::<_, Own>(linker, |a| a)
}

fn link_granted(linker: &mut Linker<Activation>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        "api" => wit::api::add_to_linker::<_, Own>(linker, |a| a),
        "automation" => wit::automation::add_to_linker::<_, Own>(linker, |a| a),
        "commands" => wit::commands::add_to_linker::<_, Own>(linker, |a| a),
        "http" => wit::http::add_to_linker::<_, Own>(linker, |a| a),
        "inventory" => wit::inventory::add_to_linker::<_, Own>(linker, |a| a),
        "ops" => wit::ops::add_to_linker::<_, Own>(linker, |a| a),
        "parameters" => wit::parameters::add_to_linker::<_, Own>(linker, |a| a),
        "patching" => wit::patching::add_to_linker::<_, Own>(linker, |a| a),
        "state" => wit::state::add_to_linker::<_, Own>(linker, |a| a),
        "tags" => wit::tags::add_to_linker::<_, Own>(linker, |a| a),
        other => Err(wasmtime::Error::msg(format!("no glue for the interface `{other}`"))),
    }
}

/// Links each function that the component imports of `interface` to a stub. Every function of an interface that needs a
/// grant returns `result<_, failure>`, so the guest can be told.
fn link_denied(
    linker: &mut Linker<Activation>,
    engine: &Engine,
    component: &Component,
    interface: &'static str,
) -> wasmtime::Result<()> {
    let component_type = component.component_type();
    for (name, item) in component_type.imports(engine) {
        if interface_of(name) != Some(interface) {
            continue;
        }
        let ComponentItem::ComponentInstance(imported) = item.ty else { continue };
        let mut instance = linker.instance(name)?;
        for (function, item) in imported.exports(engine) {
            let ComponentItem::ComponentFunc(signature) = item.ty else { continue };
            if !signature.results().all(|result| matches!(result, Type::Result(_))) {
                let text = format!("`{interface}.{function}` has no failure to be told");
                return Err(wasmtime::Error::msg(text));
            }
            let function_name = function.to_owned();
            instance.func_new(function, move |store, _signature, _arguments, results| {
                deny(store, interface, &function_name, results)
            })?;
        }
    }
    Ok(())
}

fn deny(
    mut store: StoreContextMut<'_, Activation>,
    interface: &str,
    function: &str,
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let activation = store.data_mut();
    activation.charge(0).map_err(CallError::into_trap)?;
    activation.host.denied(interface, function);
    let field = |name: &str, value: Val| (name.to_owned(), value);
    let failure = Val::Record(vec![
        field("code", Val::String("Denied".to_owned())),
        field(
            "message",
            Val::String(format!("the step is not granted the interface `{interface}`")),
        ),
        field("retryable", Val::Bool(false)),
        field("details", Val::String("null".to_owned())),
    ]);
    results.fill(Val::Result(Err(Some(Box::new(failure)))));
    Ok(())
}

/// Returns the interface's name in an import such as `runwright:host/http@0.1.0`.
pub(crate) fn interface_of(import: &str) -> Option<&str> {
    import.strip_prefix("runwright:host/")?.split('@').next()
}
