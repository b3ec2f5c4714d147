#!/usr/bin/perl
# A web server for tests: with what a bare Debian has, one request at a time.
use strict;
use warnings;
use IO::Socket::INET;

my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8080, Listen => 9, ReuseAddr => 1) or die "no port: $!";
my %page = (
    '/file' => ['text/plain', "content of a file\n"],
    '/json' => ['application/json', '{"a": [1, 2.5, null, true], "b": {"c": "\u00fc"}}'],
    '/broken' => ['application/json', '{"a": '],
    '/html' => ['text/html; charset=utf-8', "<p>\xc3\xbc</p>"],
    '/latin' => ['text/plain; charset=iso-8859-1', "f\xfcr"],
    '/sums' => ['text/plain', "d04b98f48e8f8bcc15c6ae5ac050801cd6dcfd428fb5f9e65c4e16e7807340fa  other\n"
        . "6a1ae4ecd4a0e7d5c6dd3dbc2ab95a9d6a87a86f0c7e1f2d6d8ae0d3a2e3b1c4  nothing\n"],
    '/empty' => ['text/plain', ''],
);
if (open my $key, '<', '/srv/archive.asc') { local $/; $page{'/key'} = ['text/plain', <$key>] }
my %reason = (200 => 'OK', 201 => 'Created', 204 => 'No Content', 301 => 'Moved Permanently', 302 => 'Found', 304 => 'Not Modified',
    401 => 'Unauthorized', 404 => 'Not Found', 500 => 'Internal Server Error', 503 => 'Service Unavailable');
while (my $client = $server->accept) {
    my ($method, $path) = split ' ', (<$client> // '');
    my %head;
    while (defined(my $line = <$client>)) {
        last if $line =~ /^\r?\n$/;
        $head{lc $1} = $2 if $line =~ /^([^:]+):\s*(.*?)\r?\n/;
    }
    my $body = '';
    read $client, $body, $head{'content-length'} if $head{'content-length'};
    answer($client, $method // '', $path // '', \%head, $body);
    close $client;
}

sub answer {
    my ($client, $method, $path, $head, $body) = @_;
    my ($status, $type, $text, @more) = (200, 'text/plain', '');
    if ($path =~ m{^/status/(\d+)}) { ($status, $text) = ($1, "status $1\n") }
    elsif ($path =~ m{^/redirect/(\d+)}) { ($status, @more) = ($1, 'Location: http://127.0.0.1:8080/file') }
    elsif ($path eq '/loop') { ($status, @more) = (302, 'Location: http://127.0.0.1:8080/loop') }
    elsif ($path eq '/cookies') { @more = ('Set-Cookie: one=1; Path=/', 'Set-Cookie: two=b; Path=/'); $text = "set\n" }
    elsif ($path =~ m{^/echo}) {
        my @shown = grep { defined $head->{$_} } qw(accept authorization content-type content-length cookie x-one user-agent if-modified-since);
        $text = join "\n", "$method $path", (map { "$_: $head->{$_}" } @shown), '', $body;
    }
    elsif ($path eq '/auth') {
        if (($head->{authorization} // '') eq 'Basic YW5uOnNlY3JldA==') { $text = "welcome\n" }
        else { ($status, $text, @more) = (401, "who are you\n", 'WWW-Authenticate: Basic realm="compat"') }
    }
    elsif ($path =~ m{^/since}) {
        @more = ('Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT');
        if ($head->{'if-modified-since'}) { $status = 304 } else { $text = "since\n" }
    }
    elsif ($path =~ m{^/named}) { $text = "named\n"; @more = ('Content-Disposition: attachment; filename="given.txt"') }
    elsif ($page{$path}) { ($type, $text) = @{ $page{$path} } }
    else { ($status, $text) = (404, "no such page\n") }
    my @head = ("HTTP/1.1 $status $reason{$status}", "Content-Type: $type", 'Content-Length: ' . length $text, 'Connection: close', @more);
    print $client join("\r\n", @head), "\r\n\r\n", ($method eq 'HEAD' || $status == 304 ? '' : $text);
}
