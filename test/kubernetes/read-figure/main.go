// Reads one figure of a Prometheus exposition as KEDA's metrics-api trigger does (`format: prometheus`): by the parser of
// the Prometheus project. The exposition comes in, the figure's name is the argument, its value goes out.
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	family := families[os.Args[1]]
	if family == nil || len(family.Metric) != 1 || family.Metric[0].Gauge == nil {
		fmt.Fprintf(os.Stderr, "%s is not one gauge\n", os.Args[1])
		os.Exit(1)
	}
	fmt.Println(family.Metric[0].Gauge.GetValue())
}
