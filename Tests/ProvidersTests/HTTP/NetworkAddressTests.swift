import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Providers

@Suite("Addresses that users may not choose")
struct NetworkAddressTests {
    /// Each reaches, or could reach for some reader of addresses, something inside.
    static let forbidden = [
        // Plain.
        "https://127.0.0.1/", "https://127.1.2.3/", "https://0.0.0.0/", "https://10.0.0.1/", "https://10.255.255.255/",
        "https://100.64.0.1/", "https://100.100.100.200/", "https://169.254.169.254/latest/meta-data/", "https://172.16.0.1/",
        "https://172.31.255.255/", "https://192.0.0.192/", "https://192.0.2.1/", "https://192.88.99.1/", "https://192.168.1.1/",
        "https://198.18.0.1/", "https://198.19.255.255/", "https://198.51.100.7/", "https://203.0.113.9/", "https://224.0.0.1/",
        "https://239.255.255.250/", "https://240.0.0.1/", "https://255.255.255.255/", "https://168.63.129.16/",
        // Other spellings of IPv4.
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://017700000001/",
        "https://127.1/", "https://127.0.1/", "https://0/", "https://127.0.0.1./", "https://127.0.0.01/", "https://127.000.000.001/",
        "https://0x7F.1/", "https://1.1.1.1.1/", "https://256.0.0.1/", "https://127.0.0.0x1/", "https://evil.0x7f000001/",
        "https://example.com.127/", "https://3232235777/", "https://0300.0250.1.1/",
        // IPv6 and IPv4 inside it.
        "https://[::1]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
        "https://[::ffff:0:127.0.0.1]/", "https://[::127.0.0.1]/", "https://[0:0:0:0:0:ffff:169.254.169.254]/", "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[febf::1]/", "https://[fec0::1]/", "https://[fc00::1]/",
        "https://[fd00:ec2::254]/", "https://[ff02::1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::10.0.0.1]/",
        "https://[64:ff9b:1::1]/", "https://[2001:db8::1]/", "https://[2001::7f00:1]/", "https://[2002:7f00:1::]/",
        "https://[2002:a00:1::1]/", "https://[3fff::1]/", "https://[100::1]/", "https://[5f00::1]/", "https://[4000::1]/",
        "https://[2606:4700::5efe:10.0.0.1]/", "https://[2606:4700::200:5efe:7f00:1]/", "https://[::1/", "https://[1::2::3]/",
        "https://[:1]/", "https://[1:2:3:4:5:6:7:8:9]/", "https://[12345::]/", "https://[]/", "https://[127.0.0.1]/",
        // Names.
        "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://printer.local/",
        "https://metadata.google.internal/", "https://redis/", "https://host.docker.internal/", "https://a.home.arpa/",
        // Tricks.
        "https://user@example.com/", "https://user:pass@127.0.0.1/", "https://example.com@127.0.0.1/", "https://127.0.0.1#@example.com/",
        "https://127.0.0.1\\@example.com/", "https://example.com\\.evil.com/", "https://１２７.０.０.１/", "https://ⓛocalhost.com/",
        "https://exa%6dple.com/", "https://%31%32%37.0.0.1/", "https://example.com:0/", "https://example.com:99999/",
        "https://example.com:80:80/", "https://example.com:/", "https://example..com/", "https://.example.com/", "https://-a.com/",
        "https://a-.com/", "https:///example.com/", "https:example.com/", "https://", "//example.com/", "ftp://example.com/",
        "file:///etc/passwd", "gopher://127.0.0.1/", "http+unix://%2Ftmp%2Fa/", "unix:///tmp/a", "javascript:alert(1)",
        "https://example.com /", "https://exam\tple.com/", "https://example.com/\r\nX: y", " https://example.com/", "",
        "https://example.com/\u{0}", "https://xn--é.com/", "https://a。com/",
    ]

    @Test("not one forbidden spelling gets as far as a connection", arguments: forbidden)
    func refused(url: String) async {
        // Names resolve to something public here: what is refused is refused for what it says.
        let client = SafeHTTP(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectionsPerHost: 1, connectTimeout: .milliseconds(1), tls: nil,
            resolve: { _, loop in loop.makeFailedFuture(HostResolver.Failure()) }, refusal: NetworkAddressRule.refusal)
        do {
            _ = try await client.send(SafeHTTP.Request(method: "GET", url: url, destination: .userSupplied, timeout: .seconds(5)))
            Issue.record("\(url) was answered")
        } catch {
            guard case .refused = error else {
                Issue.record("\(url) was tried: \(error)")
                return
            }
        }
        await client.shutdown()
    }

    @Test("there are enough of them")
    func count() {
        #expect(Self.forbidden.count >= 80)
        #expect(Set(Self.forbidden).count == Self.forbidden.count)
    }

    @Test(
        "public addresses are allowed",
        arguments: [
            "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
            "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0", "223.255.255.255", "168.63.129.17",
        ])
    func publicV4(text: String) throws {
        let address = try #require(NetworkAddress(v4: text))
        #expect(NetworkAddressRule.refusal(of: address) == nil)
        #expect(address.description == text)
    }

    @Test(
        "public IPv6 addresses are allowed, also those that carry a public IPv4 address",
        arguments: ["2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2001:4860:4860::8888", "2620:fe::fe"])
    func publicV6(text: String) throws {
        #expect(NetworkAddressRule.refusal(of: try #require(NetworkAddress(v6: text))) == nil)
    }

    @Test("an address is read as it is written and written as it is read")
    func spelling() throws {
        #expect(NetworkAddress(v6: "::") == .v6(high: 0, low: 0))
        #expect(NetworkAddress(v6: "1:2:3:4:5:6:7:8") == .v6(high: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_0008))
        #expect(NetworkAddress(v6: "1::8") == .v6(high: 0x0001_0000_0000_0000, low: 8))
        #expect(NetworkAddress(v6: "1:2:3:4:5:6:7::") == .v6(high: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_0000))
        #expect(NetworkAddress(v6: "::1.2.3.4") == .v6(high: 0, low: 0x0102_0304))
        #expect(NetworkAddress(v6: "FE80::A") == NetworkAddress(v6: "fe80:0:0:0:0:0:0:a"))
        for bad in [
            "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8", "1::2::3", "g::", "1.2.3.4", "1.2.3.4::",
            "::1.2.3",
            "::1.2.3.4:5", "1:2:3:4:5:6:7:8::", "::%1", "00000::",
        ] {
            #expect(NetworkAddress(v6: bad) == nil, "\(bad)")
        }
        let address = NetworkAddress.v6(high: 0x2001_0DB8_0000_0000, low: 0x00FF)
        #expect(NetworkAddress(v6: address.description) == address)
    }

    @Test("random text is an address or none, never a trap")
    func fuzz() {
        var random = SeededGenerator(seed: 3)
        let letters = Array("0123456789abcdefx:.[]%@/#?\\ -_A\u{7F}é")
        var read = 0
        for _ in 0..<50_000 {
            let text = String(
                (0..<Int.random(in: 0..<30, using: &random)).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
            if let address = NetworkAddress(v6: text) {
                read += 1
                #expect(NetworkAddress(v6: address.description) == address)
            }
            _ = NetworkAddress(v4: text)
            if let address = try? WebAddress("https://" + text) {
                #expect((try? WebAddress(address.text)) == address)
            }
        }
        #expect(read > 0)
    }

    @Test("an address has one spelling")
    func webAddress() throws {
        #expect(try WebAddress("HTTPS://Example.COM:8443/a?b=c#d").text == "https://example.com:8443/a?b=c")
        #expect(try WebAddress("http://example.com").text == "http://example.com/")
        #expect(try WebAddress("http://example.com?x").text == "http://example.com/?x")
        #expect(try WebAddress("http://[::1]:80/").text == "http://[0:0:0:0:0:0:0:1]:80/")
        #expect(try WebAddress("http://my_service:1/").hostText == "my_service")
        #expect(try WebAddress("https://xn--bcher-kva.example/").hostText == "xn--bcher-kva.example")
    }
}
