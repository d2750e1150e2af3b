package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	idl "github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/catalog"
	pc "github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/core"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/io"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/ioutils"
	"github.com/flyteorg/flyte/flytestdlib/promutils"
	"github.com/flyteorg/flyte/flytestdlib/storage"
)

// secrets are those of the plugin's setup; the v1 plugin asks for none.
type secrets struct{}

// Get reads DRIVE_SECRET_<NAME> from the environment.
func (secrets) Get(_ context.Context, key string) (string, error) {
	name := "DRIVE_SECRET_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_", "/", "_").Replace(key))
	if value, ok := os.LookupEnv(name); ok {
		return value, nil
	}
	return "", fmt.Errorf("no secret %q", key)
}

type registrar struct{}

func (registrar) RegisterResourceQuota(context.Context, pc.ResourceNamespace, int) error { return nil }

// setupContext is what Propeller gives to a plugin when it loads it.
type setupContext struct {
	pc.SetupContext
	scope promutils.Scope
}

func (s setupContext) MetricsScope() promutils.Scope           { return s.scope }
func (s setupContext) ResourceRegistrar() pc.ResourceRegistrar { return registrar{} }
func (s setupContext) SecretManager() pc.SecretManager         { return secrets{} }
func (s setupContext) OwnerKind() string                       { return "FlyteWorkflow" }
func (s setupContext) EnqueueOwner() pc.EnqueueOwner {
	return func(types.NamespacedName) error { return nil }
}

// taskID names one attempt.
type taskID struct {
	id   *idl.TaskExecutionIdentifier
	name string
	node string
}

func (t taskID) GetGeneratedName() string                          { return t.name }
func (t taskID) GetGeneratedNameWith(min, max int) (string, error) { return t.name, nil }
func (t taskID) GetID() idl.TaskExecutionIdentifier                { return *t.id } //nolint
func (t taskID) GetUniqueNodeID() string                           { return t.node }

// overrides are those of a node that has none.
type overrides struct{}

func (overrides) GetResources() *corev1.ResourceRequirements {
	return &corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
}
func (overrides) GetExtendedResources() *idl.ExtendedResources { return &idl.ExtendedResources{} }
func (overrides) GetContainerImage() string                    { return "" }
func (overrides) GetPodTemplate() *idl.K8SPod                  { return nil }
func (overrides) GetConfig() *corev1.ConfigMap                 { return &corev1.ConfigMap{} }

// metaData is what Propeller tells a plugin about the execution.
type metaData struct {
	id          taskID
	namespace   string
	ownerName   string
	labels      map[string]string
	environment map[string]string
	maxAttempts uint32
}

func (m metaData) GetOwnerID() types.NamespacedName {
	return types.NamespacedName{Namespace: m.namespace, Name: m.ownerName}
}
func (m metaData) GetTaskExecutionID() pc.TaskExecutionID { return m.id }
func (m metaData) GetNamespace() string                   { return m.namespace }
func (m metaData) GetOwnerReference() metav1.OwnerReference {
	return metav1.OwnerReference{Name: m.ownerName}
}
func (m metaData) GetOverrides() pc.TaskOverrides    { return overrides{} }
func (m metaData) GetLabels() map[string]string      { return m.labels }
func (m metaData) GetMaxAttempts() uint32            { return m.maxAttempts }
func (m metaData) GetAnnotations() map[string]string { return map[string]string{"drive": "true"} }
func (m metaData) GetK8sServiceAccount() string      { return "default" }
func (m metaData) GetSecurityContext() idl.SecurityContext { //nolint
	return idl.SecurityContext{RunAs: &idl.Identity{K8SServiceAccount: "default", ExecutionIdentity: "drive"}}
}
func (m metaData) IsInterruptible() bool { return false }
func (m metaData) GetPlatformResources() *corev1.ResourceRequirements {
	quantity := resource.MustParse("1")
	return &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: quantity}, Limits: corev1.ResourceList{corev1.ResourceCPU: quantity}}
}
func (m metaData) GetInterruptibleFailureThreshold() int32    { return 0 }
func (m metaData) GetEnvironmentVariables() map[string]string { return m.environment }
func (m metaData) GetConsoleURL() string                      { return "" }

// resourceManager grants everything.
type resourceManager struct{}

func (resourceManager) GetID() string { return "drive" }
func (resourceManager) AllocateResource(context.Context, pc.ResourceNamespace, string, pc.ResourceConstraintsSpec) (pc.AllocationStatus, error) {
	return pc.AllocationStatusGranted, nil
}
func (resourceManager) ReleaseResource(context.Context, pc.ResourceNamespace, string) error {
	return nil
}

// taskReader has the template in memory.
type taskReader struct {
	template *idl.TaskTemplate
}

func (t taskReader) Path(context.Context) (storage.DataReference, error) { return "", nil }
func (t taskReader) Read(context.Context) (*idl.TaskTemplate, error)     { return t.template, nil }
func (t taskReader) GetTaskType() string                                 { return t.template.GetType() }
func (t taskReader) GetTaskID() *idl.Identifier                          { return t.template.GetId() }

// recorder drops events: the report has the transitions.
type recorder struct{}

func (recorder) RecordRaw(context.Context, pc.PhaseInfo) error { return nil }

// taskContext is the TaskExecutionContext that Propeller's task handler gives to a plugin: Propeller's own parts where
// they are exported (state codec, remote file paths, buffered output writer), plain structs elsewhere.
type taskContext struct {
	store    *storage.DataStore
	state    *stateIO
	template taskReader
	metadata metaData
	inputs   io.InputReader
	outputs  *ioutils.BufferedOutputWriter
}

func (t *taskContext) ResourceManager() pc.ResourceManager             { return resourceManager{} }
func (t *taskContext) SecretManager() pc.SecretManager                 { return secrets{} }
func (t *taskContext) TaskRefreshIndicator() pc.SignalAsync            { return func(context.Context) {} }
func (t *taskContext) DataStore() *storage.DataStore                   { return t.store }
func (t *taskContext) PluginStateReader() pc.PluginStateReader         { return t.state }
func (t *taskContext) PluginStateWriter() pc.PluginStateWriter         { return t.state }
func (t *taskContext) TaskReader() pc.TaskReader                       { return t.template }
func (t *taskContext) InputReader() io.InputReader                     { return t.inputs }
func (t *taskContext) TaskExecutionMetadata() pc.TaskExecutionMetadata { return t.metadata }
func (t *taskContext) OutputWriter() io.OutputWriter                   { return t.outputs }
func (t *taskContext) Catalog() catalog.AsyncClient                    { return nil }
func (t *taskContext) EventsRecorder() pc.EventsRecorder               { return recorder{} }
