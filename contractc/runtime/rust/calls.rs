//! The macros that declare the operations of a contract, with one line for each parameter, body and status.
//!
//! As in [`declare`](super::declare), all items are referred to by full path, because the types of a contract may have any name. The file
//! that uses the macros must import the runtime as `rt`.

/// Declares an operation: its inputs, and how a request carries them. `as` gives the operation id, or the credentials: one of several sets.
#[allow(unused_macros)]
macro_rules! operation {
    (
        $(#[$about:meta])*
        pub struct $type:ident as $id:literal $(: $($derive:ident)*)? {
            $($(#[$field_about:meta])* $field:ident: $ty:ty = $how:ident($what:expr),)*
        }
        $method:ident $path:literal as [$([$($scheme:path),* $(,)?]),* $(,)?],
        answers $response:ident in $accept:literal,
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, $($($derive,)*)?)]
        pub struct $type {
            $($(#[$field_about])* pub $field: $ty,)*
        }

        impl rt::http::Operation for $type {
            const ID: &'static str = $id;
            const METHOD: rt::http::Method = rt::http::Method::$method;
            const PATH: &'static str = $path;
            const SECURITY: rt::http::Security = &[$(&[$($scheme),*]),*];
            const ACCEPT: &'static str = $accept;
            type Response = $response;

            fn write(&self, to: &mut rt::http::Writer) {
                $(to.$how(&self.$field, $what);)*
            }

            fn receive(incoming: &rt::http::Incoming<'_>) -> ::core::result::Result<Self, rt::http::Rejection> {
                ::core::result::Result::Ok(Self { $($field: incoming.$how($what)?,)* })
            }
        }
    };
}

/// Declares the responses of an operation: one line per status, with the kind of its body. `as` gives the constant of a response that
/// several operations share, and `if` a condition on the body, with media types. A response that does not fulfil it is undeclared: a
/// less exact status does not describe it. `others` holds ranges and `default`.
#[allow(unused_macros)]
macro_rules! outcome {
    (
        $(#[$about:meta])*
        pub enum $name:ident {$(
            $(#[$variant_about:meta])*
            $status:literal $(if $guard:ident $([$($type:literal),* $(,)?])?)? => $variant:ident $(($body:ident: $ty:ty) $(as $shared:path)? $(= $own:expr)?)?,
        )*}
        $(others {$(
            $(#[$other_about:meta])*
            $statuses:pat $(if $other_guard:ident $([$($other_type:literal),* $(,)?])?)? => $other:ident
                $(($other_body:ident: $other_ty:ty) $(as $other_shared:path)? $(= $other_own:expr)?)?,
        )*})?
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $(
                $(#[$variant_about])*
                $($(#[doc = ::core::concat!("\n\nSee [`", ::core::stringify!($shared), "`].")])?)?
                $variant $(($ty))?,
            )*
            $($(
                $(#[$other_about])*
                $($(#[doc = ::core::concat!("\n\nSee [`", ::core::stringify!($other_shared), "`].")])?)?
                $other {
                    /// Which status it is.
                    status: rt::http::StatusCode,
                    $(
                        /// The body of the response.
                        $other_body: $other_ty,
                    )?
                },
            )*)?
            /// A status or a media type that the contract does not declare.
            Undeclared {
                /// Which status it is.
                status: rt::http::StatusCode,
                /// The body as received.
                body: ::std::vec::Vec<u8>,
            },
        }

        impl rt::http::Outcome for $name {
            fn read(
                status: rt::http::StatusCode,
                headers: &rt::http::HeaderMap,
                body: &[u8],
            ) -> ::core::result::Result<Self, rt::report::Report> {
                ::core::result::Result::Ok(match status.as_u16() {
                    $(
                        $($status if !rt::http::guard::$guard(status, headers, &[$($($type),*)?]) =>
                            <Self as rt::http::Outcome>::undeclared(status, body.to_vec()),)?
                        $status => Self::$variant $(($($shared)?$($own)?.parse(headers, body)?))?,
                    )*
                    $($(
                        $($statuses if !rt::http::guard::$other_guard(status, headers, &[$($($other_type),*)?]) =>
                            <Self as rt::http::Outcome>::undeclared(status, body.to_vec()),)?
                        $statuses => Self::$other {
                            status,
                            $($other_body: $($other_shared)?$($other_own)?.parse(headers, body)?,)?
                        },
                    )*)?
                    #[allow(unreachable_patterns)]
                    _ => <Self as rt::http::Outcome>::undeclared(status, body.to_vec()),
                })
            }

            fn write(&self) -> rt::http::Written {
                match self {
                    $(
                        Self::$variant $(($body))? => rt::http::respond(
                            rt::http::status($status),
                            [$($($shared)?$($own)?.content($body))?],
                        ),
                    )*
                    $($(
                        Self::$other { status, $($other_body)? } => rt::http::respond(
                            *status,
                            [$($($other_shared)?$($other_own)?.content($other_body))?],
                        ),
                    )*)?
                    Self::Undeclared { status, body } => (*status, ::core::option::Option::None, body.clone()),
                }
            }

            fn undeclared(status: rt::http::StatusCode, body: ::std::vec::Vec<u8>) -> Self {
                Self::Undeclared { status, body }
            }
        }
    };
}

/// Gives the client of the file a method for each operation.
#[allow(unused_macros)]
macro_rules! calls {
    ($($(#[$about:meta])* $call:ident($operation:ident) -> $response:ident,)*) => {
        impl<T: rt::http::Transport, H: rt::http::Hooks> Client<T, H> {$(
            $(#[$about])*
            ///
            /// # Errors
            /// See [`CallError`](rt::http::CallError).
            pub async fn $call(
                &self,
                call: &operations::$operation,
            ) -> ::core::result::Result<rt::http::Reply<operations::$response>, rt::http::CallError<T::Error>> {
                rt::http::call(call, &self.base_url, &self.transport, &self.hooks).await
            }
        )*}
    };
}

/// Gives the client of the file a method for each operation whose response is a stream.
#[allow(unused_macros)]
macro_rules! streams {
    ($($(#[$about:meta])* $call:ident($operation:ident),)*) => {
        impl<T: rt::http::StreamTransport, H: rt::http::Hooks> Client<T, H> {$(
            $(#[$about])*
            ///
            /// # Errors
            /// See [`CallError`](rt::http::CallError).
            pub async fn $call(
                &self,
                call: &operations::$operation,
            ) -> ::core::result::Result<T::Stream, rt::http::CallError<T::Error>> {
                rt::http::open(call, &self.base_url, &self.transport, &self.hooks).await
            }
        )*}
    };
}

/// Declares the trait of a server, with a method for each operation, and the functions that create its routes.
#[allow(unused_macros)]
macro_rules! api {
    (
        $(#[$about:meta])*
        pub trait $api:ident;
        calls {
            $($(#[$call_about:meta])* $call:ident($operation:ident) -> $response:ident,)*
        }
        $(streams {
            $($(#[$stream_about:meta])* $stream:ident($streamed:ident),)*
        })?
    ) => {
        $(#[$about])*
        pub trait $api: Send + Sync + 'static {
            $(
                $(#[$call_about])*
                fn $call(
                    &self,
                    parts: ::http::request::Parts,
                    call: operations::$operation,
                ) -> impl ::core::future::Future<Output = rt::http::Reply<operations::$response>> + Send {
                    let _ = (parts, call);
                    rt::axum::not_implemented()
                }
            )*
            $($(
                $(#[$stream_about])*
                fn $stream(
                    &self,
                    parts: ::http::request::Parts,
                    call: operations::$streamed,
                ) -> impl ::core::future::Future<Output = ::axum::response::Response> + Send {
                    let _ = (parts, call);
                    rt::axum::no_stream()
                }
            )*)?
        }

        /// The routes of all operations.
        pub fn router<A: $api>(api: ::std::sync::Arc<A>) -> ::axum::Router {
            router_where(api, |_| true)
        }

        /// The routes that `serves` accepts, for a server that handles the others in another way.
        pub fn router_where<A: $api>(api: ::std::sync::Arc<A>, serves: impl Fn(&rt::axum::Route<A>) -> bool) -> ::axum::Router {
            rt::axum::Route::router(api, routes().into_iter().filter(serves))
        }

        // Separate from `router_where`, so that it is compiled once, however often that is used.
        fn routes<A: $api>() -> ::std::vec::Vec<rt::axum::Route<A>> {
            ::std::vec![
                $(rt::axum::Route::new(|api: ::std::sync::Arc<A>, parts, call: operations::$operation| async move {
                    A::$call(&api, parts, call).await
                }),)*
                $($(rt::axum::Route::new(|api: ::std::sync::Arc<A>, parts, call: operations::$streamed| async move {
                    A::$stream(&api, parts, call).await
                }),)*)?
            ]
        }
    };
}

#[allow(unused_imports)]
pub(crate) use {api, calls, operation, outcome, streams};
