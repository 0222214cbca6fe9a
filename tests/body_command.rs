//! What `bonanza body` says of a body is what moves the robots.
