//! `http`. Handles in header values and in the body become references here; the performer puts the values in.

use host_api::limits::HTTP_BODY_BYTES_MAX;
use host_api::request::{Body, Content, HostRequest, HttpRequest, HttpResponse, HttpSend, Text};

use crate::activation::Activation;
use crate::bindings::runwright::host::http::{Header, Host, Request, Response};
use crate::handle;
use crate::host::{CallError, invalid};

impl Activation {
    fn text(&self, text: &str) -> Text {
        handle::split(text, |handle| self.host.resolve_handle(handle))
    }

    fn to_send(&self, request: Request) -> Result<HttpSend, CallError> {
        let resolve = |handle: &str| self.host.resolve_handle(handle);
        let misplaced = handle::any(&request.url, resolve)
            || handle::any(&request.method, resolve)
            || request.headers.iter().any(|header| handle::any(&header.name, resolve));
        if misplaced {
            return Err(invalid(
                "a handle may stand in a header's value or in the body, not in method, URL or header name",
            ));
        }
        let headers = request
            .headers
            .into_iter()
            .map(|Header { name, value }| (name, self.text(&value)))
            .collect();
        let body = request.body.map(|bytes| match String::from_utf8(bytes) {
            Ok(text) => Body::Text(self.text(&text)),
            Err(error) => Body::Bytes(error.into_bytes()),
        });
        let Request { method, url, timeout_ms, repeatable, .. } = request;
        Ok(HttpSend { method, url, headers, body, timeout_ms, repeatable })
    }

    fn show_response(&mut self, response: HttpResponse) -> Result<Response, CallError> {
        let HttpResponse { status, headers, body, truncated } = response;
        let mut body = match body {
            Body::Bytes(bytes) => bytes,
            Body::Text(Text(parts)) => self.show_parts(parts).into_bytes(),
        };
        let too_long = body.len() > HTTP_BODY_BYTES_MAX;
        body.truncate(HTTP_BODY_BYTES_MAX);
        let header_bytes: usize =
            headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.carry(header_bytes + body.len())?;
        let headers = headers.into_iter().map(|(name, value)| Header { name, value }).collect();
        Ok(Response { status, headers, body, truncated: truncated || too_long })
    }

    fn show_parts(&mut self, parts: Vec<Content>) -> String {
        parts
            .into_iter()
            .map(|part| match part {
                Content::Plain(text) => text,
                Content::Secret(reference) => self.host.handle_for(&reference),
            })
            .collect()
    }
}

impl Host for Activation {
    async fn send(&mut self, request: Request) -> Result<Response, CallError> {
        let header_bytes: usize =
            request.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
        let body_bytes = request.body.as_ref().map_or(0, Vec::len);
        self.charge(request.method.len() + request.url.len() + header_bytes + body_bytes)?;
        let send = self.to_send(request)?;
        let response = self.perform_as(HostRequest::Http(HttpRequest::Send(send))).await?;
        self.show_response(response)
    }
}
