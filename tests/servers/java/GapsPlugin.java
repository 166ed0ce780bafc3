package sftsec;

import static org.elasticsearch.rest.RestRequest.Method.DELETE;
import static org.elasticsearch.rest.RestRequest.Method.GET;
import static org.elasticsearch.rest.RestRequest.Method.HEAD;
import static org.elasticsearch.rest.RestRequest.Method.PUT;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.elasticsearch.Build;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.datastreams.CreateDataStreamAction;
import org.elasticsearch.action.datastreams.DataStreamsActionUtil;
import org.elasticsearch.action.datastreams.DeleteDataStreamAction;
import org.elasticsearch.action.datastreams.GetDataStreamAction;
import org.elasticsearch.action.datastreams.GetDataStreamAction.Response.DataStreamInfo;
import org.elasticsearch.action.datastreams.GetDataStreamAction.Response.IndexProperties;
import org.elasticsearch.action.datastreams.GetDataStreamAction.Response.ManagedBy;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.HandledTransportAction;
import org.elasticsearch.action.support.IndicesOptions;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.ClusterStateUpdateTask;
import org.elasticsearch.cluster.health.ClusterStateHealth;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.metadata.Metadata;
import org.elasticsearch.cluster.metadata.MetadataCreateDataStreamService;
import org.elasticsearch.cluster.metadata.MetadataCreateDataStreamService.CreateDataStreamClusterStateUpdateRequest;
import org.elasticsearch.cluster.metadata.MetadataDeleteIndexService;
import org.elasticsearch.cluster.metadata.MetadataIndexTemplateService;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.Priority;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.IndexScopedSettings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.settings.SettingsFilter;
import org.elasticsearch.core.CheckedConsumer;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.Index;
import org.elasticsearch.index.IndexNotFoundException;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.AbstractTokenizerFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.SystemIndices;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestChannel;
import org.elasticsearch.rest.RestController;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.rest.RestUtils;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.TransportService;
import org.elasticsearch.xcontent.ToXContentObject;

/**
 * What the distribution on Maven Central lacks and our tests need: {@code GET /}, three parts of text
 * analysis without which {@code .security-7} (and so an API key) cannot be made, and data streams by name.
 */
public final class GapsPlugin extends Plugin implements ActionPlugin, AnalysisPlugin {
    private ClusterService cluster;

    @Override
    public Collection<?> createComponents(PluginServices services) {
        cluster = services.clusterService();
        return List.of();
    }

    // --- text analysis

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "pattern_capture",
            AnalysisPlugin.requiresAnalysisSettings((index, environment, name, settings) -> {
                Pattern[] patterns =
                    settings.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new);
                boolean keep = settings.getAsBoolean("preserve_original", true);
                return filter(name, settings, in -> new PatternCaptureGroupTokenFilter(in, keep, patterns));
            }),
            "unique",
            (index, environment, name, settings) -> filter(name, settings, Unique::new));
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of("uax_url_email", (index, environment, name, settings) ->
            new AbstractTokenizerFactory(index, settings, name) {
                @Override
                public Tokenizer create() {
                    return new UAX29URLEmailTokenizer();
                }
            });
    }

    private static TokenFilterFactory filter(String name, Settings settings, UnaryOperator<TokenStream> make) {
        return new AbstractTokenFilterFactory(name, settings) {
            @Override
            public TokenStream create(TokenStream in) {
                return make.apply(in);
            }
        };
    }

    private static final class Unique extends TokenFilter {
        private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
        private final Set<String> seen = new HashSet<>();

        Unique(TokenStream in) {
            super(in);
        }

        @Override
        public boolean incrementToken() throws IOException {
            while (input.incrementToken()) {
                if (seen.add(term.toString())) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void reset() throws IOException {
            super.reset();
            seen.clear();
        }
    }

    // --- data streams: as actions, so that roles decide about them as they do in the full product

    @Override
    public Collection<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> getActions() {
        return List.of(
            new ActionHandler<>(CreateDataStreamAction.INSTANCE, Create.class),
            new ActionHandler<>(GetDataStreamAction.INSTANCE, Get.class),
            new ActionHandler<>(DeleteDataStreamAction.INSTANCE, Delete.class));
    }

    public static final class Create
        extends HandledTransportAction<CreateDataStreamAction.Request, AcknowledgedResponse> {
        private final MetadataCreateDataStreamService service;
        private final SystemIndices system;
        private final ThreadPool pool;

        @Inject
        public Create(
            TransportService transport,
            ActionFilters filters,
            ThreadPool pool,
            MetadataCreateDataStreamService service,
            SystemIndices system
        ) {
            super(CreateDataStreamAction.NAME, transport, filters, CreateDataStreamAction.Request::new, pool.generic());
            this.service = service;
            this.system = system;
            this.pool = pool;
        }

        @Override
        protected void doExecute(
            Task task, CreateDataStreamAction.Request request, ActionListener<AcknowledgedResponse> listener
        ) {
            var descriptor = system.validateDataStreamAccess(request.getName(), pool.getThreadContext());
            service.createDataStream(
                new CreateDataStreamClusterStateUpdateRequest(
                    request.getName(),
                    request.getStartTime(),
                    descriptor,
                    request.masterNodeTimeout(),
                    request.ackTimeout(),
                    true),
                listener);
        }
    }

    public static final class Get
        extends HandledTransportAction<GetDataStreamAction.Request, GetDataStreamAction.Response> {
        private final ClusterService cluster;
        private final IndexNameExpressionResolver resolver;

        @Inject
        public Get(
            TransportService transport,
            ActionFilters filters,
            ThreadPool pool,
            ClusterService cluster,
            IndexNameExpressionResolver resolver
        ) {
            super(GetDataStreamAction.NAME, transport, filters, GetDataStreamAction.Request::new, pool.generic());
            this.cluster = cluster;
            this.resolver = resolver;
        }

        @Override
        protected void doExecute(
            Task task, GetDataStreamAction.Request request, ActionListener<GetDataStreamAction.Response> listener
        ) {
            ActionListener.completeWith(listener, () -> {
                ClusterState state = cluster.state();
                boolean all = request.getNames() == null || request.getNames().length == 0;
                String[] names = all ? new String[] { "*" } : request.getNames();
                return new GetDataStreamAction.Response(
                    DataStreamsActionUtil.getDataStreamNames(resolver, state, names, request.indicesOptions())
                        .stream()
                        .sorted()
                        .map(name -> describe(state, name))
                        .toList());
            });
        }

        private static DataStreamInfo describe(ClusterState state, String name) {
            DataStream stream = state.metadata().dataStreams().get(name);
            String template = MetadataIndexTemplateService.findV2Template(state.metadata(), name, false);
            String[] backing = stream.getIndices().stream().map(Index::getName).toArray(String[]::new);
            Map<Index, IndexProperties> properties = new HashMap<>();
            for (Index index : stream.getIndices()) {
                properties.put(index, new IndexProperties(true, null, ManagedBy.UNMANAGED, "standard"));
            }
            var health = new ClusterStateHealth(state, backing).getStatus();
            return new DataStreamInfo(
                stream, false, health, template, null, null, properties, true, null, "standard");
        }
    }

    public static final class Delete
        extends HandledTransportAction<DeleteDataStreamAction.Request, AcknowledgedResponse> {
        private final ClusterService cluster;
        private final IndexNameExpressionResolver resolver;

        @Inject
        public Delete(
            TransportService transport,
            ActionFilters filters,
            ThreadPool pool,
            ClusterService cluster,
            IndexNameExpressionResolver resolver
        ) {
            super(DeleteDataStreamAction.NAME, transport, filters, DeleteDataStreamAction.Request::new, pool.generic());
            this.cluster = cluster;
            this.resolver = resolver;
        }

        @Override
        protected void doExecute(
            Task task, DeleteDataStreamAction.Request request, ActionListener<AcknowledgedResponse> listener
        ) {
            var update = new ClusterStateUpdateTask(Priority.HIGH, request.masterNodeTimeout()) {
                @Override
                public ClusterState execute(ClusterState state) {
                    return without(state, request);
                }

                @Override
                public void onFailure(Exception failure) {
                    listener.onFailure(failure);
                }

                @Override
                public void clusterStateProcessed(ClusterState before, ClusterState after) {
                    listener.onResponse(AcknowledgedResponse.TRUE);
                }
            };
            cluster.submitUnbatchedStateUpdateTask("remove-data-stream", update);
        }

        private ClusterState without(ClusterState state, DeleteDataStreamAction.Request request) {
            List<String> names = DataStreamsActionUtil.getDataStreamNames(
                resolver, state, request.getNames(), request.indicesOptions());
            if (names.isEmpty() && Arrays.stream(request.getNames()).noneMatch(Regex::isSimpleMatchPattern)) {
                throw new IndexNotFoundException("no such data stream", String.join(",", request.getNames()));
            }
            Set<Index> backing = new HashSet<>();
            Metadata.Builder metadata = Metadata.builder(state.metadata());
            for (String name : names) {
                backing.addAll(state.metadata().dataStreams().get(name).getIndices());
                metadata.removeDataStream(name);
            }
            ClusterState rest = ClusterState.builder(state).metadata(metadata).build();
            return MetadataDeleteIndexService.deleteIndices(rest, backing, cluster.getSettings());
        }
    }

    // --- REST

    @Override
    public Collection<RestHandler> getRestHandlers(
        Settings settings,
        NamedWriteableRegistry registry,
        RestController controller,
        ClusterSettings clusterSettings,
        IndexScopedSettings indexSettings,
        SettingsFilter filter,
        IndexNameExpressionResolver resolver,
        Supplier<DiscoveryNodes> nodes,
        Predicate<NodeFeature> features
    ) {
        return List.of(
            new Handler("sftsec_main", this::main, route(GET, "/"), route(HEAD, "/")),
            new Handler("sftsec_create", GapsPlugin::create, route(PUT, "/_data_stream/{name}")),
            new Handler(
                "sftsec_get", GapsPlugin::get, route(GET, "/_data_stream"), route(GET, "/_data_stream/{name}")),
            new Handler("sftsec_delete", GapsPlugin::delete, route(DELETE, "/_data_stream/{name}")));
    }

    private Answer main(RestRequest request, NodeClient client) {
        Build build = Build.current();
        ToXContentObject body = (out, params) -> out.startObject()
            .field("name", cluster.getNodeName())
            .field("cluster_name", cluster.getClusterName().value())
            .field("cluster_uuid", cluster.state().metadata().clusterUUID())
            .startObject("version")
            .field("number", build.qualifiedVersion())
            .field("build_flavor", build.flavor())
            .field("build_type", build.type().displayName())
            .field("build_hash", build.hash())
            .field("build_date", build.date())
            .field("build_snapshot", build.isSnapshot())
            .field("lucene_version", IndexVersion.current().luceneVersion().toString())
            .field("minimum_wire_compatibility_version", build.minWireCompatVersion())
            .field("minimum_index_compatibility_version", build.minIndexCompatVersion())
            .endObject()
            .field("tagline", "You Know, for Search")
            .endObject();
        return channel -> channel.sendResponse(
            new RestResponse(RestStatus.OK, body.toXContent(channel.newBuilder(), request)));
    }

    private static Answer create(RestRequest request, NodeClient client) {
        return send(client, CreateDataStreamAction.INSTANCE, new CreateDataStreamAction.Request(
            RestUtils.getMasterNodeTimeout(request), RestUtils.getAckTimeout(request), request.param("name")));
    }

    private static Answer get(RestRequest request, NodeClient client) {
        var wanted = new GetDataStreamAction.Request(RestUtils.getMasterNodeTimeout(request), names(request));
        wanted.indicesOptions(IndicesOptions.fromRequest(request, wanted.indicesOptions()));
        return send(client, GetDataStreamAction.INSTANCE, wanted);
    }

    private static Answer delete(RestRequest request, NodeClient client) {
        var wanted = new DeleteDataStreamAction.Request(RestUtils.getMasterNodeTimeout(request), names(request));
        wanted.indicesOptions(IndicesOptions.fromRequest(request, wanted.indicesOptions()));
        return send(client, DeleteDataStreamAction.INSTANCE, wanted);
    }

    private static String[] names(RestRequest request) {
        return Strings.splitStringByCommaToArray(request.param("name"));
    }

    private static <R extends ActionRequest, A extends ActionResponse & ToXContentObject>
        Answer send(NodeClient client, ActionType<A> action, R request) {
        return channel -> client.execute(action, request, new RestToXContentListener<>(channel));
    }

    private static RestHandler.Route route(RestRequest.Method method, String path) {
        return new RestHandler.Route(method, path);
    }

    private interface Answer extends CheckedConsumer<RestChannel, Exception> {}

    private interface Prepare {
        Answer apply(RestRequest request, NodeClient client);
    }

    private static final class Handler extends BaseRestHandler {
        private final String name;
        private final Prepare prepare;
        private final List<Route> routes;

        Handler(String name, Prepare prepare, Route... routes) {
            this.name = name;
            this.prepare = prepare;
            this.routes = List.of(routes);
        }

        @Override
        public String getName() {
            return name;
        }

        @Override
        public List<Route> routes() {
            return routes;
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            return prepare.apply(request, client)::accept;
        }
    }
}
