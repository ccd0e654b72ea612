//! The network address of a client, also behind proxies.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;

use crate::config::{Config, Proxies};

/// Returns the network address of a request's client.
pub fn address(parts: &Parts, config: &Config) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    client(peer, &forwarded.collect::<Vec<_>>().join(","), config.proxies())
}

/// Walks `X-Forwarded-For` from the end, hop by hop, as long as the current address is a trusted proxy. Entries before the first untrusted
/// address may be forged by the client.
fn client(peer: IpAddr, forwarded: &str, proxies: Proxies<'_>) -> IpAddr {
    let mut address = peer.to_canonical();
    for (hop, claimed) in forwarded.rsplit(',').enumerate() {
        let ours = match proxies {
            Proxies::None => false,
            Proxies::Nearest => hop == 0,
            Proxies::Networks(networks) => networks.iter().any(|network| network.contains(address)),
        };
        match forwarded_address(claimed) {
            Some(claimed) if ours => address = claimed.to_canonical(),
            _ => break,
        }
    }
    address
}

/// Parses an address as proxies write it; some add the port.
fn forwarded_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_from_proxies_are_trusted_and_those_from_clients_are_not() {
        let networks = ["10.0.0.0/8".parse().expect("a network")];
        let (none, nearest, one) = (Proxies::None, Proxies::Nearest, Proxies::Networks(&networks));
        let table = [
            ("127.0.0.1", "203.0.113.7", none, "127.0.0.1"),
            ("192.0.2.9", "", nearest, "192.0.2.9"),
            ("127.0.0.1", "203.0.113.7", nearest, "203.0.113.7"),
            ("127.0.0.1", "198.51.100.1, 203.0.113.7", nearest, "203.0.113.7"),
            ("127.0.0.1", "203.0.113.7:4711", nearest, "203.0.113.7"),
            ("127.0.0.1", "[2001:db8::7]:4711", nearest, "2001:db8::7"),
            ("127.0.0.1", "nonsense", nearest, "127.0.0.1"),
            ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", one, "203.0.113.7"),
            ("10.0.0.1", "10.9.9.9", one, "10.9.9.9"),
            ("192.0.2.9", "203.0.113.7", one, "192.0.2.9"),
        ];
        for (peer, forwarded, trusted, expected) in table {
            let address = client(peer.parse().expect("an address"), forwarded, trusted);
            assert_eq!(address, expected.parse::<IpAddr>().expect("an address"), "{peer} says {forwarded}");
        }
    }
}
