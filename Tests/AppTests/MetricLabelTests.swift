import Core
import Observability
import Providers
import Testing

@testable import Web

@Suite("Metric labels")
struct MetricLabelTests {
    @Test("every channel, status and provider of the product, and what becomes of a webhook, has a label value of its own")
    func labels() {
        #expect(EngineMetrics.channels == Channel.allCases.map(\.rawValue) + ["other"])
        #expect(EngineMetrics.statuses == CommunicationStatus.allCases.map(\.rawValue) + ["other"])
        #expect(WebhookMetrics.providers == [TwilioWebhook.provider, WhatsAppWebhook.provider, "ses", "sendgrid", "mailgun", "postmark"])
        #expect(WebhookMetrics.refusals == WebhookRefusal.allCases.map(\.rawValue))
        #expect(WebhookMetrics.results == WebhookResult.allCases.map(\.rawValue))
    }
}
