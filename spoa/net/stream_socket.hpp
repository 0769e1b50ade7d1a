#pragma once

#include <boost/asio/generic/stream_protocol.hpp>

namespace spoa::net {

// A connected TCP or UNIX stream socket; which one no longer matters once it is connected.
using StreamSocket = boost::asio::generic::stream_protocol::socket;

}  // namespace spoa::net
