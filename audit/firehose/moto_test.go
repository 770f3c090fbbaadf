//go:build integration

package firehose_test

import (
	"io"
	"slices"
	"testing"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	service "github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// TestMoto sends events to the server that the SDK's environment variables name: moto, which
// .ci/audit/firehose starts. It asserts that moto's bucket then contains each event once. moto
// puts the records of each call into an object at once, and checks less than the fake does. It is
// a second opinion on the protocol.
func TestMoto(t *testing.T) {
	const events = 30_000
	ctx := t.Context()
	a, err := awsconfig.LoadDefaultConfig(ctx)
	require.NoError(t, err)
	objectStore := s3.NewFromConfig(a, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = objectStore.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("lines"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(a.Region)}})
	require.NoError(t, err)
	_, err = service.NewFromConfig(a).CreateDeliveryStream(ctx, &service.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("audit"), DeliveryStreamType: types.DeliveryStreamTypeDirectPut,
		ExtendedS3DestinationConfiguration: &types.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::lines"), RoleARN: aws.String("arn:aws:iam::123456789012:role/firehose"), Prefix: aws.String("lines/"),
		},
	})
	require.NoError(t, err)

	sink, err := firehose.Open(ctx, firehose.Config{Stream: "audit", Calls: 2})
	require.NoError(t, err)
	l, err := audit.Open(audit.Config{Dir: t.TempDir(), App: "app", Sink: sink})
	require.NoError(t, err)
	for _, e := range numbered(0, events) {
		require.NoError(t, l.Ingest(ctx, e))
	}
	require.NoError(t, l.Close(ctx))
	require.NoError(t, sink.Close())
	require.EqualValues(t, events, l.Stats().Sent)

	var all []object
	pages := s3.NewListObjectsV2Paginator(objectStore, &s3.ListObjectsV2Input{Bucket: aws.String("lines")})
	count := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		for _, o := range page.Contents {
			out, err := objectStore.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("lines"), Key: o.Key})
			require.NoError(t, err)
			body, err := io.ReadAll(out.Body)
			require.NoError(t, err)
			require.NoError(t, out.Body.Close())
			all = append(all, objects(t, body)...)
			count++
		}
	}
	require.Equal(t, upTo(events), slices.Sorted(slices.Values(numbers(t, all))))
	for _, o := range all {
		n := numbers(t, []object{o})[0]
		require.Equal(t, want(t, numbered(n, n+1)[0]), o)
	}
	t.Logf("%d events, in %d objects: %+v", len(all), count, sink.Stats())
	if c, ok := a.HTTPClient.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
