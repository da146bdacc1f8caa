import X509
import Testing
@Test func placeholder() { #expect(Bool(true)) }
