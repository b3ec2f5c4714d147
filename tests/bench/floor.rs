//! The floor: what connecting costs. One ssh session to each host at once, one `true`, nothing else, by the same libssh2.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::thread;

use ssh2::Session;

/// The first argument with which the bench, started again as a process of its own, is the floor.
pub(crate) const NAME: &str = "--floor";

/// Connects to all hosts at once: the key's path first, then their addresses.
pub(crate) fn connect_all(arguments: &[String]) {
    let (key, addresses) = arguments.split_first().unwrap();
    thread::scope(|scope| {
        for address in addresses {
            scope.spawn(|| connect(address, Path::new(key)));
        }
    });
}

fn connect(address: &str, key: &Path) {
    let stream = TcpStream::connect((address, 22)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut session = Session::new().unwrap();
    session.set_tcp_stream(stream);
    session.handshake().unwrap();
    session.userauth_pubkey_file("ops", None, key, None).unwrap();
    let mut channel = session.channel_session().unwrap();
    channel.exec("true").unwrap();
    channel.read_to_end(&mut Vec::new()).unwrap();
    channel.wait_close().unwrap();
    assert_eq!(channel.exit_status().unwrap(), 0);
}
