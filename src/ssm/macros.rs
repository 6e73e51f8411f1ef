//! The three macros that keep the vocabulary short.

/// Enumerations of the API. A value that this build does not know is kept as `Other`, because services grow.
macro_rules! string_enums {
    ($($(#[$meta:meta])* pub enum $name:ident { $($variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $(#[allow(missing_docs)] $variant,)*
            /// A value that this version does not know.
            Other(String),
        }

        impl $name {
            /// Every known value, in the order of the service model.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    )*};
}

/// Ties a request to its answer, and to its service where that is not Systems Manager itself.
macro_rules! operation {
    ($request:ident => $output:ident) => {
        impl crate::ssm::Operation for $request {
            const NAME: &'static str = stringify!($request);
            type Output = $output;
        }
    };
    ($service:ident: $request:ident => $output:ident) => {
        impl crate::ssm::Operation for $request {
            const NAME: &'static str = stringify!($request);
            const SERVICE: crate::ssm::Service = crate::ssm::Service::$service;
            type Output = $output;
        }
    };
}

/// Says how a list operation is paged.
macro_rules! paged {
    ($request:ident, $items:ident: $item:ty) => {
        impl crate::ssm::Paged for $request {
            type Item = $item;
            fn set_next_token(&mut self, token: Option<String>) {
                self.next_token = token;
            }
            fn split(output: Self::Output) -> (Vec<Self::Item>, Option<String>) {
                (output.$items, output.next_token.filter(|token| !token.is_empty()))
            }
        }
    };
}

pub(crate) use {operation, paged, string_enums};
