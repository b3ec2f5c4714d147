//! Starts the application, tells systemd, and ends it without cutting anyone off.

use std::{io, net::SocketAddr, sync::Arc};

use rdkafka::error::KafkaError;
use sd_notify::NotifyState;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError, Login},
    elasticsearch::{self, SearchSetup},
    kafka,
    page::Pages,
    rabbitmq::RabbitMq,
    tracker::Tracker,
    web::{self, App},
};

/// Why the application cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Elasticsearch cannot be searched with this configuration.
    #[error(transparent)]
    Search(#[from] SearchSetup),
    /// The Kafka client cannot be made, for example because `bootstrap_servers` is empty.
    #[error("cannot prepare the connection to Kafka")]
    Kafka(#[from] KafkaError),
    /// The templates are faulty.
    #[error("cannot prepare the pages")]
    Pages(#[from] minijinja::Error),
    /// The page's address is not to be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's own words, for example that it is in use.
        source: io::Error,
    },
    /// The signals that end the application cannot be heard, or the server broke.
    #[error("cannot serve the page")]
    Serve(#[from] io::Error),
}

/// Everything that can be known to be wrong without connecting to anything.
pub fn check(config: &Config) -> Result<(), RunError> {
    config.amqp.login()?;
    if let Some(section) = &config.elasticsearch {
        elasticsearch::check(section)?;
    }
    Ok(())
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(config: Config) -> Result<(), RunError> {
    let login = config.amqp.login()?;
    let listener = listen(config.listen).await?;
    let stop = CancellationToken::new();
    let app = assemble(Arc::new(config), login, &stop)?;
    stop_at_signals(stop.clone())?;
    tracing::info!(address = %listener.local_addr()?, "the page is up");
    tell_systemd(&[NotifyState::Ready]);
    let service = web::router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await?;
    Ok(())
}

fn assemble(config: Arc<Config>, login: Login, stop: &CancellationToken) -> Result<App, RunError> {
    let tracker = Arc::new(Tracker::new(&config.watched()));
    if let Some(section) = &config.kafka {
        kafka::watch(section, tracker.clone(), stop.clone())?;
    }
    if let Some(section) = &config.elasticsearch {
        elasticsearch::watch(section, tracker.clone(), stop.clone())?;
    }
    let broker = RabbitMq::connect(config.amqp.clone(), login, tracker.clone(), stop.clone());
    let pages = Arc::new(Pages::new(config, tracker.clone())?);
    Ok(App { broker: Arc::new(broker), tracker, pages, stop: stop.clone() })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })
}

fn stop_at_signals(stop: CancellationToken) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        tell_systemd(&[NotifyState::Stopping]);
        stop.cancel();
    });
    Ok(())
}

fn tell_systemd(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot tell systemd");
    }
}
