//! How RabbitMQ's modules log in: the five `login_*` parameters and the three of certificates of community.rabbitmq.

use crate::web::trust::Trust;

/// Declares a module's parameters with those of the login beside its own.
macro_rules! with_login {
    ($(#[$attribute:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        $(#[$attribute])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($fields)*
            #[serde(default = "crate::pipeline::rabbitmq::login::guest")]
            login_user: String,
            #[serde(default = "crate::pipeline::rabbitmq::login::guest")]
            login_password: String,
            #[serde(default = "crate::pipeline::rabbitmq::login::localhost")]
            login_host: String,
            #[serde(default = "crate::pipeline::rabbitmq::login::management_port")]
            login_port: crate::arguments::Words,
            #[serde(default = "crate::pipeline::rabbitmq::login::http")]
            login_protocol: String,
            #[serde(default, alias = "cacert")]
            ca_cert: Option<crate::arguments::HostPath>,
            #[serde(default, alias = "cert")]
            client_cert: Option<crate::arguments::HostPath>,
            #[serde(default, alias = "key")]
            client_key: Option<crate::arguments::HostPath>,
        }

        impl $name {
            fn login(&self) -> crate::pipeline::rabbitmq::login::Login<'_> {
                crate::pipeline::rabbitmq::login::Login {
                    user: &self.login_user,
                    password: &self.login_password,
                    url: format!("{}://{}:{}", self.login_protocol, self.login_host, self.login_port.0),
                    trust: crate::web::trust::Trust {
                        validate_certs: true,
                        ca_path: self.ca_cert.as_deref(),
                        client_cert: self.client_cert.as_deref(),
                        client_key: self.client_key.as_deref(),
                    },
                }
            }
        }
    };
}

/// A login and where it is used.
#[derive(Clone)]
pub(super) struct Login<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) url: String,
    pub(super) trust: Trust<'a>,
}

pub(super) fn guest() -> String {
    "guest".into()
}

pub(super) fn localhost() -> String {
    "localhost".into()
}

pub(super) fn management_port() -> crate::arguments::Words {
    crate::arguments::Words("15672".into())
}

pub(super) fn http() -> String {
    "http".into()
}
