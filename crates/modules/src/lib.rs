//! What can be done on a host: one file a module, one line in [`MODULES`].
//!
//! Modules run on the host, inside the agent. They see final parameters and the host; they know no YAML, no template,
//! no connection and no screen.

pub mod arguments;
pub mod commands;
pub mod docker;
mod expansion;
mod fields;
pub mod files;
mod host;
pub mod journal;
mod labels;
pub mod lock;
pub mod lock_file;
mod module;
pub mod packages;
pub mod pipeline;
pub(crate) mod presence;
pub mod services;
pub mod settle;
mod survey;
pub mod system;
mod tenure;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod vcs;
pub mod web;

pub use host::{Host, Life};
pub use module::{Entry, Module};
pub use survey::{Step, Survey};
pub use tenure::Tenure;

/// Every module, by the name a task gives it.
pub const MODULES: &[Entry] = &[
    Entry::of::<files::acl::Acl>(),
    Entry::of::<system::alternatives::Alternatives>(),
    Entry::of::<packages::apt::Apt>(),
    Entry::of::<packages::sources::apt_key::AptKey>(),
    Entry::of::<packages::sources::apt_pin::AptPin>(),
    Entry::of::<packages::sources::apt_repository::AptRepository>(),
    Entry::of::<files::archiving::Archive>(),
    Entry::of::<files::assemble::Assemble>(),
    Entry::of::<commands::async_status::AsyncStatus>(),
    Entry::of::<system::authorized_key::AuthorizedKey>(),
    Entry::of::<files::blockinfile::Blockinfile>(),
    Entry::of::<files::capabilities::Capabilities>(),
    Entry::of::<commands::command::Command>(),
    Entry::of::<files::copy::Copy>(),
    Entry::of::<system::cron::Cron>(),
    Entry::of::<packages::deb::Deb>(),
    Entry::of::<packages::debconf::Debconf>(),
    Entry::of::<packages::sources::deb822_repository::Deb822Repository>(),
    Entry::of::<docker::container::DockerContainer>(),
    Entry::of::<docker::image::DockerImage>(),
    Entry::of::<packages::dpkg_selections::DpkgSelections>(),
    Entry::of::<journal::drift::Drift>(),
    Entry::of::<files::fetch::Fetch>(),
    Entry::of::<files::file::File>(),
    Entry::of::<system::filesystem::Filesystem>(),
    Entry::of::<files::find::Find>(),
    Entry::of::<packages::gem::Gem>(),
    Entry::of::<web::get_url::GetUrl>(),
    Entry::of::<system::getent::Getent>(),
    Entry::of::<vcs::git::Git>(),
    Entry::of::<system::group::Group>(),
    Entry::of::<system::hostname::Hostname>(),
    Entry::of::<files::ini_file::IniFile>(),
    Entry::of::<system::iptables::Iptables>(),
    Entry::of::<system::java_cert::JavaCert>(),
    Entry::of::<system::known_hosts::KnownHosts>(),
    Entry::of::<files::lineinfile::Lineinfile>(),
    Entry::of::<system::locale_gen::LocaleGen>(),
    Entry::of::<lock::Lock>(),
    Entry::of::<system::lvm::lvg::Lvg>(),
    Entry::of::<system::lvm::lvol::Lvol>(),
    Entry::of::<system::modprobe::Modprobe>(),
    Entry::of::<system::mount::Mount>(),
    Entry::of::<packages::npm::Npm>(),
    Entry { name: "package", ..Entry::of::<packages::apt::Apt>() },
    Entry::of::<packages::package_facts::PackageFacts>(),
    Entry::of::<system::listen_ports_facts::ListenPortsFacts>(),
    Entry { name: "openssl_certificate", ..Entry::of::<tls::certificate::X509Certificate>() },
    Entry { name: "openssl_certificate_info", ..Entry::of::<tls::certificate_info::X509CertificateInfo>() },
    Entry::of::<tls::csr::OpensslCsr>(),
    Entry::of::<tls::pkcs12::OpensslPkcs12>(),
    Entry::of::<tls::privatekey::OpensslPrivatekey>(),
    Entry::of::<system::pam_limits::PamLimits>(),
    Entry::of::<system::parted::Parted>(),
    Entry::of::<files::patch::Patch>(),
    Entry::of::<system::ping::Ping>(),
    Entry::of::<packages::pip::Pip>(),
    Entry::of::<commands::raw::Raw>(),
    Entry::of::<files::replace_text::Replace>(),
    Entry::of::<commands::script::Script>(),
    Entry::of::<services::service::Service>(),
    Entry::of::<settle::Settle>(),
    Entry::of::<services::service_facts::ServiceFacts>(),
    Entry::of::<system::setup::Setup>(),
    Entry::of::<commands::shell::Shell>(),
    Entry::of::<files::slurp::Slurp>(),
    Entry::of::<files::stat::Stat>(),
    Entry::of::<system::sysctl::Sysctl>(),
    Entry::of::<services::systemd::Systemd>(),
    Entry { name: "systemd_service", ..Entry::of::<services::systemd::Systemd>() },
    Entry::of::<pipeline::elasticsearch::facts::ElasticsearchFacts>(),
    Entry::of::<pipeline::elasticsearch::gate::ElasticsearchGate>(),
    Entry::of::<pipeline::elasticsearch::plugin::ElasticsearchPlugin>(),
    Entry::of::<pipeline::elasticsearch::search::ElasticsearchSearch>(),
    Entry::of::<pipeline::elasticsearch::settings::ElasticsearchSettings>(),
    Entry::of::<pipeline::elasticsearch::template::ElasticsearchTemplate>(),
    Entry::of::<pipeline::elasticsearch::upgrade_facts::ElasticsearchUpgradeFacts>(),
    Entry::of::<pipeline::elasticsearch::wait::ElasticsearchWait>(),
    Entry::of::<pipeline::connect::connector::KafkaConnector>(),
    Entry::of::<pipeline::connect::facts::KafkaConnectFacts>(),
    Entry::of::<pipeline::connect::plugin::KafkaConnectPlugin>(),
    Entry::of::<pipeline::connect::wait::KafkaConnectWait>(),
    Entry::of::<pipeline::kafka::facts::KafkaFacts>(),
    Entry::of::<pipeline::kafka::search::KafkaSearch>(),
    Entry::of::<pipeline::kafka::topic::KafkaTopic>(),
    Entry::of::<pipeline::kafka::wait::KafkaWait>(),
    Entry::of::<pipeline::kibana::data_view::KibanaDataView>(),
    Entry::of::<pipeline::kibana::wait::KibanaWait>(),
    Entry::of::<pipeline::logstash::plugin::LogstashPlugin>(),
    Entry::of::<pipeline::rabbitmq::binding::RabbitmqBinding>(),
    Entry::of::<pipeline::rabbitmq::exchange::RabbitmqExchange>(),
    Entry::of::<pipeline::rabbitmq::facts::RabbitmqFacts>(),
    Entry::of::<pipeline::rabbitmq::feature_flag::RabbitmqFeatureFlag>(),
    Entry::of::<pipeline::rabbitmq::global_parameter::RabbitmqGlobalParameter>(),
    Entry::of::<pipeline::rabbitmq::parameter::RabbitmqParameter>(),
    Entry::of::<pipeline::rabbitmq::permission::RabbitmqPermission>(),
    Entry::of::<pipeline::rabbitmq::plugin::RabbitmqPlugin>(),
    Entry::of::<pipeline::rabbitmq::policy::RabbitmqPolicy>(),
    Entry::of::<pipeline::rabbitmq::publish::RabbitmqPublish>(),
    Entry::of::<pipeline::rabbitmq::queue::RabbitmqQueue>(),
    Entry::of::<pipeline::rabbitmq::user::RabbitmqUser>(),
    Entry::of::<pipeline::rabbitmq::user_limits::RabbitmqUserLimits>(),
    Entry::of::<pipeline::rabbitmq::vhost::RabbitmqVhost>(),
    Entry::of::<pipeline::rabbitmq::vhost_limits::RabbitmqVhostLimits>(),
    Entry::of::<pipeline::rabbitmq::wait::RabbitmqWait>(),
    Entry::of::<files::tempfile::Tempfile>(),
    Entry::of::<system::timezone::Timezone>(),
    Entry::of::<system::ufw::Ufw>(),
    Entry::of::<files::unarchive::Unarchive>(),
    Entry::of::<journal::undo::Undo>(),
    Entry::of::<services::unit_status::UnitStatus>(),
    Entry::of::<web::uri::Uri>(),
    Entry::of::<system::user::User>(),
    Entry::of::<system::wait_for::WaitFor>(),
    Entry::of::<tls::certificate::X509Certificate>(),
    Entry::of::<tls::certificate_info::X509CertificateInfo>(),
];

/// Finds a module by its short name.
pub fn find(name: &str) -> Option<&'static Entry> {
    MODULES.iter().find(|entry| entry.name == name)
}
