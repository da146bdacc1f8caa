import Core
import Observability
import Testing

@Suite("Metric labels")
struct MetricLabelTests {
    @Test("every channel and status of the product has a label value of its own")
    func labels() {
        #expect(EngineMetrics.channels == Channel.allCases.map(\.rawValue) + ["other"])
        #expect(EngineMetrics.statuses == CommunicationStatus.allCases.map(\.rawValue) + ["other"])
    }
}
