package adapters_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/trace"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/tracing/smithyoteltracing"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each attempt of AWS's SDK has its own span, and sends the span's ID. The signature does not
// cover the trace headers, because a proxy may change them.
func TestAWSAttempts(t *testing.T) {
	var asked []http.Header
	dynamo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header)
		if len(asked) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	collected := newCollector()
	defer collected.Close()
	tp := provider("media-api", collected)
	db := dynamodb.New(dynamodb.Options{
		Region:         "eu-west-1",
		Credentials:    credentials.NewStaticCredentialsProvider("id", "key", ""),
		BaseEndpoint:   aws.String(dynamo.URL),
		Retryer:        retry.AddWithMaxBackoffDelay(retry.NewStandard(), time.Nanosecond),
		TracerProvider: smithyoteltracing.Adapt(tp),
		HTTPClient:     httpclient.Wrap(dynamo.Client(), httpclient.Config{TracerProvider: tp}),
	})

	_, err := db.ListTables(incoming(0).ctx, nil)
	dynamo.Close()
	require.NoError(t, err, "ListTables, answered with 503 and then 200")
	shutDown(tp)

	var attempts []span
	for _, s := range collected.spans() {
		if s.Name == "post" {
			attempts = append(attempts, s)
		}
	}
	require.Len(t, attempts, 2, "client spans of the attempts")
	require.Len(t, asked, 2, "requests that DynamoDB got")
	for i, header := range asked {
		assert.Equal(t, trace.ID(incoming(0).ctx), header.Get("X-B3-TraceId"), "X-B3-TraceId of attempt %d", i+1)
		assert.Equal(t, attempts[i].ID, header.Get("X-B3-SpanId"), "X-B3-SpanId of attempt %d", i+1)
		assert.Equal(t, []string{"503", "200"}[i], attempts[i].Tags["http.response.status_code"], "status of attempt %d", i+1)
		assert.Contains(t, header.Get("Authorization"), "SignedHeaders=", "Authorization of attempt %d", i+1)
		assert.NotContains(t, header.Get("Authorization"), "x-b3", "Authorization of attempt %d", i+1)
	}
}
