//! `parameters`. A secret crosses this border as a handle only, unless it is revealed.

use host_api::failure::Failure;
use host_api::request::{
    Content as HostContent, HostRequest, Parameter as HostParameter, ParameterKind,
    ParametersRequest, PutParameter,
};

use crate::activation::Activation;
use crate::bindings::runwright::host::parameters::{Content, Host, Kind, Parameter, PutRequest};
use crate::host::CallError;

impl Activation {
    fn reference(&self, handle: &str) -> Result<String, CallError> {
        self.host.resolve_handle(handle).ok_or_else(|| {
            let message = "the handle was not given out in this run";
            CallError::Answered(Box::new(Failure::action("InvalidHandle", message)))
        })
    }

    fn show(&mut self, parameter: HostParameter) -> Result<Parameter, CallError> {
        let content = match parameter.content {
            HostContent::Plain(text) => Content::Plain(text),
            HostContent::Secret(reference) => Content::Handle(self.host.handle_for(&reference)),
        };
        self.carry(parameter.name.len() + text_of(&content).len())?;
        let kind = match parameter.kind {
            ParameterKind::String => Kind::Text,
            ParameterKind::StringList => Kind::TextList,
            ParameterKind::SecureString => Kind::Secure,
        };
        let HostParameter { name, version, last_modified, .. } = parameter;
        Ok(Parameter { name, kind, content, version, last_modified })
    }
}

impl Host for Activation {
    async fn get(&mut self, name: String) -> Result<Parameter, CallError> {
        self.charge(name.len())?;
        let request = ParametersRequest::Get { name };
        let parameter = self.perform_as(HostRequest::Parameters(request)).await?;
        self.show(parameter)
    }

    async fn get_by_path(
        &mut self,
        path: String,
        recursive: bool,
    ) -> Result<Vec<Parameter>, CallError> {
        self.charge(path.len())?;
        let request = ParametersRequest::GetByPath { path, recursive };
        let parameters: Vec<HostParameter> =
            self.perform_as(HostRequest::Parameters(request)).await?;
        parameters.into_iter().map(|parameter| self.show(parameter)).collect()
    }

    async fn put(&mut self, request: PutRequest) -> Result<u64, CallError> {
        let PutRequest { name, kind, content, overwrite, description } = request;
        let description_bytes = description.as_ref().map_or(0, String::len);
        self.charge(name.len() + text_of(&content).len() + description_bytes)?;
        let content = match content {
            Content::Plain(text) => HostContent::Plain(text),
            Content::Handle(handle) => HostContent::Secret(self.reference(&handle)?),
        };
        let kind = kind.map(|kind| match kind {
            Kind::Text => ParameterKind::String,
            Kind::TextList => ParameterKind::StringList,
            Kind::Secure => ParameterKind::SecureString,
        });
        let put = PutParameter { name, kind, content, overwrite, description };
        self.perform_as(HostRequest::Parameters(ParametersRequest::Put(put))).await
    }

    async fn delete(&mut self, name: String) -> Result<(), CallError> {
        self.charge(name.len())?;
        self.perform_unit(HostRequest::Parameters(ParametersRequest::Delete { name })).await
    }

    async fn reveal(&mut self, handle: String) -> Result<String, CallError> {
        self.charge(handle.len())?;
        let name = self.reference(&handle)?;
        self.perform_text(HostRequest::Parameters(ParametersRequest::Reveal { name })).await
    }
}

fn text_of(content: &Content) -> &str {
    match content {
        Content::Plain(text) | Content::Handle(text) => text,
    }
}
